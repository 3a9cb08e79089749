"""Nothing stays of runs that ended, nor of those whose end nobody hears of."""

from __future__ import annotations

import gc
import os
from typing import Any, TypedDict
from uuid import UUID

import pytest
from langchain_core.utils.uuid import uuid7
from langgraph.graph import START, StateGraph

from pylayer.events.context import RunContext
from pylayer.langgraph import handler, instrument, pauses, punctuality, scopes
from pylayer.langgraph.handler import Reporter
from tests.graphs.support import Model, Recorder, outcome
from tests.waiting import wait_until


class State(TypedDict, total=False):
    number: int


class Counting(Recorder):
    """An emitter that only counts."""

    count = 0

    def emit(self, event: Any) -> str:
        self.count += 1
        return event.event_id


def kept() -> tuple[int, int, int, int]:
    return (
        len(scopes._places),
        len(handler._model_calls),
        len(punctuality._runs),
        len(pauses._parked),
    )


@pytest.mark.parametrize("runs", [300, pytest.param(10_000, marks=pytest.mark.slow)])
def test_runs_leave_nothing(runs: int) -> None:
    def work(state: State) -> State:
        if state["number"] % 10 == 9:
            raise ValueError
        if state["number"] % 10 == 0:
            Model().invoke("hi")
        return {}

    emitter = Counting()
    graph = StateGraph(State).add_node("work", work).add_edge(START, "work").compile()
    compiled = instrument(graph, emitter=emitter)
    gc.collect()
    before = kept()
    most = 0
    for number in range(runs):
        outcome(lambda number=number: compiled.invoke({"number": number}))
        if number % 50 == 0:
            most = max(most, len(scopes._places))
    assert emitter.count == 3 * runs
    assert most < 100
    gc.collect()
    assert kept() == before


def begin_and_forget(reporter: Reporter) -> None:
    root, node, nested, call = (uuid7() for _ in range(4))
    inside = {"langgraph_node": "n", "langgraph_checkpoint_ns": "n:1"}
    reporter.on_chain_start(None, {}, run_id=root, metadata={})
    reporter.on_chain_start(None, {}, run_id=node, parent_run_id=root, metadata=inside)
    reporter.on_chain_start(None, {}, run_id=nested, parent_run_id=node, metadata=inside)
    reporter.on_tool_start({}, "", run_id=nested, parent_run_id=node)
    reporter.on_chat_model_start({}, [], run_id=call, parent_run_id=nested)


def test_runs_whose_end_never_comes_leave_nothing() -> None:
    emitter = Recorder()
    reporter = Reporter(RunContext(), "graph", emitter)
    gc.collect()
    before = kept()
    for _ in range(1000):
        begin_and_forget(reporter)
    wait_until(lambda: len(emitter.events) == 1000)  # what was reported is emitted
    gc.collect()
    assert kept() == before


def test_an_id_that_comes_again_is_not_forgotten_with_its_twin() -> None:
    first = uuid7()
    scope = scopes.Run(1, None, RunContext(), RunContext(), place=None, send=lambda report: None)
    scopes.adopt(first, scope)
    twin = UUID(int=first.int)
    scopes.adopt(twin, scope)
    del first
    assert scopes.find(twin) is scope
    del twin
    gc.collect()


def test_long_runs_report_before_their_end() -> None:
    emitter = Recorder()

    def wait_for_the_first(state: State) -> State:
        wait_until(lambda: bool(emitter.steps))
        return {"number": len(emitter.steps)}

    graph = StateGraph(State).add_node("first", lambda state: {}).add_node("second", wait_for_the_first)
    graph.add_edge(START, "first").add_edge("first", "second")
    assert instrument(graph.compile(), emitter=emitter).invoke({}) == {"number": 1}
    assert len(emitter.events) == 4


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_after_a_fork() -> None:
    emitter = Recorder()
    attended: list[bool] = []

    def only(state: State) -> State:
        attendant = punctuality._attendant  # it ends with the run
        attended.append(attendant is not None and attendant.is_alive())
        return {"number": 1}

    graph = StateGraph(State).add_node("only", only).add_edge(START, "only")
    compiled = instrument(graph.compile(), emitter=emitter)
    stream = compiled.stream({}, stream_mode="updates")
    next(stream)
    child = os.fork()  # in the middle of a run
    if child == 0:
        emitter.events.clear()
        compiled.invoke({})
        os._exit(0 if (len(emitter.events), attended) == (3, [True, True]) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert list(stream) == []
    assert len(emitter.events) == 3
