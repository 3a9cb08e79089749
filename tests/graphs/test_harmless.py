"""Instrumentation changes no result, and its own failures end in the log."""

from __future__ import annotations

import asyncio
import logging
import operator
import re
from typing import Annotated, Any, TypedDict

import pytest
from langchain_core.callbacks import AsyncCallbackHandler, BaseCallbackHandler, CallbackManager
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.config import get_stream_writer
from langgraph.graph import START, StateGraph
from langgraph.types import Command, RetryPolicy, Send, interrupt

from pylayer import Unavailable
from pylayer.events import Event
from pylayer.langgraph import handler as handler_module
from pylayer.langgraph import instrument
from pylayer.langgraph.handler import Reporter
from pylayer.models import PriceTable
from tests.graphs.support import WAYS, Model, Recorder, StreamingModel, Way, outcome


class State(TypedDict, total=False):
    seen: Annotated[list[Any], operator.add]
    number: int


MODES = ["values", "updates", "custom", "messages", "tasks", "checkpoints", "debug"]


def busy_graph(*, fails: bool = False) -> Any:
    """A graph with a bit of everything that shows in streams."""
    tries: list[int] = []

    def plan(state: State) -> Command[str]:
        get_stream_writer()("planned")
        return Command(goto=[Send("work", {"number": n}) for n in range(2)], update={"seen": ["plan"]})

    def work(state: State) -> State:
        return {"seen": [StreamingModel().invoke(f"work {state['number']}").content]}

    def flaky(state: State) -> State:
        tries.append(1)
        if len(tries) < 2 or fails:
            raise ConnectionError("no")
        return {"seen": ["flaky"]}

    def ask(state: State) -> State:
        return {"seen": [interrupt("sure?")]}

    inner = StateGraph(State).add_node("ask", ask).add_edge(START, "ask").compile()
    graph = StateGraph(State).add_node("plan", plan).add_node("work", work).add_node("inner", inner)
    graph.add_node("flaky", flaky, retry_policy=RetryPolicy(initial_interval=0.001, jitter=False))
    graph.add_edge(START, "plan").add_edge("work", "flaky").add_edge("flaky", "inner")
    return graph.compile(checkpointer=InMemorySaver())


def shown(chunks: Any) -> list[str]:
    """What a caller sees, without what differs from run to run: ids, times and the order of two branches."""
    text = [re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{32}", "ID", repr(chunk)) for chunk in chunks]
    return sorted(re.sub(r"\d{4}-\d\d-\d\dT[\d:.+]+", "TIME", chunk) for chunk in text)


@pytest.mark.parametrize("fails", [False, True])
def test_same_results(fails: bool, way: Way, recorder: Recorder) -> None:
    def run(graph: Any) -> list[Any]:
        thread = {"configurable": {"thread_id": "t"}}
        found = [outcome(lambda: way(graph, {"seen": []}, thread))]
        return [*found, outcome(lambda: way(graph, Command(resume="yes"), thread))]

    plain, reported = run(busy_graph(fails=fails)), run(instrument(busy_graph(fails=fails), emitter=recorder))
    assert [shown(_listed(part)) for part in reported] == [shown(_listed(part)) for part in plain]
    assert recorder.events


def _listed(found: Any) -> list[Any]:
    return list(found) if isinstance(found, list | tuple) else [found]


@pytest.mark.parametrize("subgraphs", [False, True])
@pytest.mark.parametrize("mode", MODES)
def test_same_streams(mode: Any, subgraphs: bool, recorder: Recorder) -> None:
    thread = {"configurable": {"thread_id": "t"}}

    def stream(graph: Any) -> list[str]:
        return shown(graph.stream({"seen": []}, thread, stream_mode=mode, subgraphs=subgraphs))

    def astream(graph: Any) -> list[str]:
        async def collect() -> list[Any]:
            stream = graph.astream({"seen": []}, thread, stream_mode=mode, subgraphs=subgraphs)
            return [chunk async for chunk in stream]

        return shown(asyncio.run(collect()))

    for run in (stream, astream):
        assert run(instrument(busy_graph(), emitter=recorder)) == run(busy_graph())


def test_same_kind_of_graph_and_same_state(recorder: Recorder) -> None:
    plain = busy_graph()
    reported = instrument(plain, emitter=recorder)
    assert type(reported) is type(plain)
    thread = {"configurable": {"thread_id": "t"}}
    reported.invoke({"seen": []}, thread)
    assert reported.get_state(thread) == plain.get_state(thread)
    assert reported.get_graph().to_json() == plain.get_graph().to_json()
    assert "callbacks" not in (plain.config or {})


def test_the_users_callbacks_run(way: Way, recorder: Recorder) -> None:
    class Counter(BaseCallbackHandler):
        ends = 0

        def on_chain_end(self, *args: Any, **kwargs: Any) -> None:
            self.ends += 1

    class AsyncCounter(AsyncCallbackHandler):
        ends = 0

        async def on_chain_end(self, *args: Any, **kwargs: Any) -> None:
            self.ends += 1

    def build(bound: BaseCallbackHandler) -> Any:
        graph = StateGraph(State).add_node("a", lambda state: {}).add_node("b", lambda state: {})
        return graph.add_edge(START, "a").add_edge("a", "b").compile().with_config(callbacks=[bound])

    for kind in (Counter, AsyncCounter):
        bound, given, manager = kind(), kind(), kind()
        graph = instrument(build(bound), emitter=recorder)
        way(graph, {}, {"callbacks": [given]})
        way(graph.with_config(tags=["x"]), {}, {"callbacks": CallbackManager([manager], [manager])})
        assert (bound.ends, given.ends, manager.ends) == (6, 3, 3)
    assert recorder.attempts() == {("a", "succeeded", 0): 4, ("b", "succeeded", 0): 4}
    assert len(recorder.states) == 8


def test_a_manager_as_the_graphs_callbacks(recorder: Recorder) -> None:
    graph = StateGraph(State).add_node("a", lambda state: {}).add_edge(START, "a").compile()
    other = Recorder()
    bound = graph.with_config(callbacks=CallbackManager([]))
    instrument(instrument(bound, emitter=other), emitter=recorder).invoke({})
    assert (len(recorder.events), other.events) == (3, [])


def test_a_users_handler_that_raises(recorder: Recorder) -> None:
    class Raising(BaseCallbackHandler):
        raise_error = True

        def on_chain_start(self, *args: Any, name: str = "", **kwargs: Any) -> None:
            if name == "a":
                raise ValueError("stop")

    graph = StateGraph(State).add_node("a", lambda state: {}).add_edge(START, "a").compile()
    with pytest.raises(ValueError, match="stop"):
        instrument(graph, emitter=recorder).invoke({}, {"callbacks": [Raising()]})
    assert recorder.steps == []  # it never began
    assert recorder.changes() == [(None, "running"), ("running", "failed")]


class Broken(Recorder):
    def emit(self, event: Event) -> str:
        raise Unavailable("the spool is gone")

    def prices(self) -> PriceTable:
        raise Unavailable("the prices are gone")


def small_graph() -> Any:
    def think(state: State) -> State:
        return {"seen": [Model().invoke("hi").content]}

    return StateGraph(State).add_node("think", think).add_edge(START, "think").compile()


def test_an_emitter_that_raises(way: Way, caplog: pytest.LogCaptureFixture) -> None:
    graph = instrument(small_graph(), emitter=Broken())
    found = way(graph, {"seen": []})
    assert shown(_listed(found)) == shown(_listed(way(small_graph(), {"seen": []})))
    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) == 4  # three events and the prices
    assert {record.name for record in caplog.records} == {"pylayer.langgraph.handler"}
    assert all("\n" not in line for line in lines)


@pytest.mark.parametrize("method", ["on_chain_start", "on_chain_end", "on_chat_model_start", "on_llm_end"])
def test_a_fault_in_a_callback(
    method: str, way: Way, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fault(self: Reporter, *args: Any, **kwargs: Any) -> None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(Reporter, method, fault)
    graph = instrument(small_graph(), emitter=Recorder())
    found = way(graph, {"seen": []})
    assert shown(_listed(found)) == shown(_listed(way(small_graph(), {"seen": []})))
    assert "a fault of ours" in caplog.text
    assert {record.levelno for record in caplog.records} == {logging.WARNING}


def test_errors_that_cannot_be_stored_as_text(recorder: Recorder) -> None:
    class Unprintable(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    def failing(error: Exception) -> Any:
        def node(state: State) -> State:
            raise error

        return StateGraph(State).add_node("node", node).add_edge(START, "node").compile()

    errors = (Unprintable(), ValueError("a\x00b\ud800c"), ValueError("x" * 5000), ValueError())
    for error in errors:
        with pytest.raises(type(error)):
            instrument(failing(error), emitter=recorder).invoke({})
    texts = [event.payload["error"] for event in recorder.steps]
    limit = handler_module._ERROR_CHARACTERS
    assert texts == [
        "Unprintable",
        "ValueError: a\\x00b\\ud800c",
        ("ValueError: " + "x" * 5000)[:limit],
        "ValueError",
    ]


def test_the_default_emitter_is_found_when_an_event_is_there(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pylayer.emitter

    graph = instrument(small_graph())
    monkeypatch.setattr(pylayer.emitter, "default_emitter", lambda: recorder)
    WAYS["invoke"](graph, {"seen": []})
    assert len(recorder.events) == 3
