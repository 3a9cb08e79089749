"""Runs as executions: the rows say what happened, and each change of state is one event."""

from __future__ import annotations

import asyncio
import gc
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.func import entrypoint, task
from langgraph.graph import START, StateGraph
from langgraph.types import Command, interrupt
from psycopg import Connection

import pylayer
from pylayer import run_context
from pylayer.config import Settings
from pylayer.emitter import Emitter, SqlTransport
from pylayer.langgraph import flush_executions, instrument, pauses, recording, scopes
from pylayer.langgraph.spans import OpenSpan
from pylayer.runs import Execution
from tests.graphs.executions import DONE, NEW, Kept, State, changes, graph_of
from tests.graphs.support import Model, Recorder, Way, outcome
from tests.graphs.test_attempts import RETRY, Failing, everything, says
from tests.services import pgbouncer
from tests.waiting import wait_until

THREAD = {"configurable": {"thread_id": "t"}}


def reported(recorder: Recorder) -> Counter[tuple[str, str]]:
    """Return the attempts by their events."""
    statuses = {"succeeded": "ok", "failed": "error"}
    return Counter((e.payload["step_name"], statuses[e.payload["status"]]) for e in recorder.steps)


def asks(state: State) -> State:
    return {"seen": [interrupt("sure?")]}


def test_rows_say_what_happened(way: Way, kept: pylayer.Client, recorder: Recorder) -> None:
    graph = instrument(everything(Failing(2)), workflow_name="all", emitter=recorder, executions=kept)
    way(graph, {"number": 9}, THREAD)
    found = Kept(kept)
    assert (found.run.workflow_id, found.run.status, found.run.attempt) == ("all", "waiting", 1)
    assert (found.run.inputs, found.run.metadata) == ({"number": 9}, {"thread_id": "t"})
    assert found.tries() == {
        "plan#1": ("completed", 1),
        "work#2.0": ("completed", 1),
        "work#2.1": ("completed", 1),
        "work#2.2": ("completed", 1),
        "inner#3": ("completed", 1),
        "inner#3/read#1": ("completed", 1),
        "inner#3/write#2": ("completed", 1),
        "flaky#4": ("completed", 3),
        "ask#5": ("waiting", 1),
    }
    assert found.attempts == reported(recorder) + Counter({("ask", "ok"): 1})
    assert found.changes == [*NEW, ("running", "waiting")]

    way(graph, Command(resume="yes"), THREAD)
    found = Kept(kept)
    assert found.run.run_id == recorder.steps[0].run_id
    assert (found.run.status, found.run.attempt, found.run.completed_steps) == ("completed", 2, 9)
    assert found.run.error_count == 2
    assert found.run.outputs["seen"][-1] == "yes"
    assert found.tries()["ask#5"] == ("completed", 1)
    assert found.attempts == reported(recorder) + Counter({("ask", "ok"): 1})
    assert found.changes == [*NEW, ("running", "waiting"), ("waiting", "running"), ("running", "completed")]
    assert recorder.changes() == [], "the database speaks"

    assert Counter(tuple(found.path(span)) for span in found.spans) == {
        ("all",): 2,
        ("plan", "all"): 1,
        ("work", "all"): 3,
        ("Model", "work", "all"): 3,
        ("inner", "all"): 1,
        ("LangGraph", "inner", "all"): 1,
        ("read", "LangGraph", "inner", "all"): 1,
        ("Model", "read", "LangGraph", "inner", "all"): 1,
        ("write", "LangGraph", "inner", "all"): 1,
        ("flaky", "all"): 3,
        ("ask", "all"): 2,
    }
    models = [span for span in found.spans if span.kind == "llm"]
    assert {(s.model, s.input_tokens, s.cached_input_tokens, s.output_tokens) for s in models} == {
        ("large", 1000, 400, 100)
    }
    assert [str(span.cost_usd) for span in models] == ["0.010400000"] * 4
    by_id = {span.span_id: span for span in found.spans}
    for span in found.spans:
        if span.parent_span_id:
            around = by_id[span.parent_span_id]
            assert around.started_at <= span.started_at <= span.ended_at
    failed = [span.error for span in found.spans if span.status == "error"]
    assert failed == ["ConnectionError: try 1", "ConnectionError: try 2"]


def test_events_come_from_the_database_and_the_emitter_once_each(
    way: Way, kept: pylayer.Client, dsn: str, tmp_path: Path
) -> None:
    graph = graph_of(a=says("a"), b=says("b")).compile(name="both")
    with Emitter(SqlTransport(dsn), spool=tmp_path) as emitter:
        way(instrument(graph, emitter=emitter, executions=kept), {}, {"configurable": {"run_id": "r"}})
        assert emitter.flush(30)
    assert Kept(kept).changes == DONE
    found = [
        event.payload.get("to_state") or event.payload["step_name"] for event in kept.events.timeline("r")
    ]
    assert found == ["running", "a", "b", "completed"]


def test_runs_leave_nothing_in_memory(kept: pylayer.Client) -> None:
    def work(state: State) -> State:
        if state["number"] % 10 == 9:
            raise ValueError
        return {"seen": [str(Model().invoke("hi").content)]}

    def recorded() -> int:
        gc.collect()
        return len([found for found in gc.get_objects() if isinstance(found, recording.Session | OpenSpan)])

    graph = instrument(graph_of(work=work).compile(), emitter=Recorder(), executions=kept)
    before = recorded(), len(scopes._places)
    for number in range(100):
        outcome(lambda number=number: graph.invoke({"number": number}))
    assert flush_executions(30)
    wait_until(lambda: recorded() <= before[0])  # the writer has left the function that held the last one
    assert len(scopes._places) <= before[1]
    writer = recording.writer_for(kept)
    assert (len(writer._dirty), len(writer._living), writer._waiting) == (0, 0, 0)


def test_without_being_asked_nothing_is_recorded(way: Way, kept: pylayer.Client, recorder: Recorder) -> None:
    way(instrument(graph_of(a=says("a")).compile(), emitter=recorder), {})
    assert flush_executions(30)
    assert kept.executions.list() == []
    assert recorder.changes() == [(None, "running"), ("running", "completed")]


def test_a_run_that_fails_goes_on_when_it_is_tried_again(
    way: Way, kept: pylayer.Client, recorder: Recorder
) -> None:
    graph = StateGraph(State).add_node("fine", says("fine"))
    graph.add_node("broken", Failing(4), retry_policy=RETRY).add_edge(START, "fine").add_edge(
        "fine", "broken"
    )
    compiled = instrument(graph.compile(checkpointer=InMemorySaver()), emitter=recorder, executions=kept)
    named = {"configurable": {"thread_id": "t", "run_id": "r"}}
    assert outcome(lambda: way(compiled, {}, named))[0] is ConnectionError
    found = Kept(kept)
    assert (found.run.run_id, found.run.status, found.run.error) == ("r", "failed", "ConnectionError: try 3")
    assert found.tries() == {"fine#1": ("completed", 1), "broken#2": ("failed", 3)}
    assert found.steps["broken#2"].error == "ConnectionError: try 3"
    assert found.changes == [*NEW, ("running", "failed")]
    way(compiled, None, named)
    found = Kept(kept)
    assert (found.run.status, found.run.error, found.run.attempt) == ("completed", None, 2)
    assert found.tries() == {"fine#1": ("completed", 1), "broken#2": ("completed", 5)}
    assert found.attempts == reported(recorder)
    assert found.changes[2:] == [("failed", "running"), ("running", "completed")]
    assert recorder.changes() == []


def test_a_cancelled_run(kept: pylayer.Client, recorder: Recorder) -> None:
    started = asyncio.Event()

    async def wait(state: State) -> State:
        started.set()
        await asyncio.sleep(30)
        return {}

    async def cancel() -> None:
        graph = instrument(graph_of(wait=wait).compile(), emitter=recorder, executions=kept)
        run = asyncio.ensure_future(graph.ainvoke({}))
        await started.wait()
        run.cancel()
        with suppress(asyncio.CancelledError):
            await run

    asyncio.run(cancel())
    found = Kept(kept)
    assert (found.run.status, found.run.reason) == ("cancelled", "CancelledError")
    assert found.tries() == {"wait#1": ("failed", 1)}
    assert found.changes == [*NEW, ("running", "cancelled")]


def test_an_abandoned_stream(kept: pylayer.Client, recorder: Recorder) -> None:
    graph = graph_of(a=says("a"), b=says("b")).compile()
    stream = instrument(graph, emitter=recorder, executions=kept).stream({}, stream_mode="updates")
    next(stream)
    stream.close()
    found = Kept(kept)
    assert (found.run.status, found.run.reason) == ("cancelled", "GeneratorExit")
    assert found.tries() == {"a#1": ("completed", 1)}


def test_a_command_to_the_parent_graph_completes_its_step(
    way: Way, kept: pylayer.Client, recorder: Recorder
) -> None:
    def hand_over(state: State) -> Command[str]:
        return Command(graph=Command.PARENT, goto="other", update={"seen": ["handed over"]})

    graph = StateGraph(State).add_node("inner", graph_of(go=hand_over).compile(), destinations=("other",))
    graph.add_node("other", says("other")).add_edge(START, "inner")
    way(instrument(graph.compile(), emitter=recorder, executions=kept), {})
    found = Kept(kept)
    assert found.tries() == dict.fromkeys(["inner#1", "inner#1/go#1", "other#2"], ("completed", 1))
    assert {span.status for span in found.spans} == {"ok"}
    assert found.changes == DONE


def test_a_resumption_elsewhere_goes_on_with_the_same_steps(
    way: Way, kept: pylayer.Client, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = graph_of(first=says("first"), ask=asks).compile()
    graph = graph_of(plan=says("plan"), inner=inner).compile(checkpointer=InMemorySaver())
    compiled = instrument(graph, emitter=recorder, executions=kept)
    named = {"configurable": {"thread_id": "t", "run_id": "r"}}
    way(compiled, {}, named)
    monkeypatch.setattr(pauses, "_parked", {})
    way(compiled, Command(resume="yes"), named)
    found = Kept(kept)
    assert found.tries() == dict.fromkeys(
        ["plan#1", "inner#2", "inner#2/first#1", "inner#2/ask#2"], ("completed", 1)
    )
    assert found.changes == [*NEW, ("running", "waiting"), ("waiting", "running"), ("running", "completed")]
    assert recorder.changes() == []


def test_quick_resumptions_keep_their_order(
    kept: pylayer.Client, recorder: Recorder, conn: Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording, "_BATCH", 1)
    nodes = {f"ask_{number}": asks for number in range(5)}
    graph = instrument(
        graph_of(**nodes).compile(checkpointer=InMemorySaver()), emitter=recorder, executions=kept
    )
    with conn.transaction():
        conn.execute("lock work.workflow_executions in access exclusive mode")
        graph.invoke({}, THREAD)
        for _ in nodes:
            graph.invoke(Command(resume="yes"), THREAD)
    found = Kept(kept)
    assert found.changes == [
        *NEW,
        *[("running", "waiting"), ("waiting", "running")] * 5,
        ("running", "completed"),
    ]
    assert found.tries() == {f"ask_{n}#{n + 1}": ("completed", 1) for n in range(5)}


def test_tasks_and_repeated_graphs_have_names_of_their_own(kept: pylayer.Client, recorder: Recorder) -> None:
    called = graph_of(inside=says("inside")).compile()

    @task
    def fetch(number: int) -> int:
        return number

    @task
    def both(number: int) -> int:
        called.invoke({})
        called.invoke({})
        return fetch(number).result()

    @entrypoint()
    def total(number: int) -> int:
        return fetch(number).result() + both(number).result()

    instrument(total, emitter=recorder, executions=kept).invoke(3)
    found = Kept(kept)
    assert found.tries() == dict.fromkeys(
        [
            "total#0",
            "total#0/fetch#0.0",
            "total#0/both#0.1",
            "total#0/both#0.1/inside#1",
            "total#0/both#0.1/1/inside#1",
            "total#0/both#0.1/fetch#0.0",
        ],
        ("completed", 1),
    )


def test_loops_and_long_names(kept: pylayer.Client, recorder: Recorder) -> None:
    name = "ä" * 600
    graph = StateGraph(State).add_node(name, lambda state: {"number": state["number"] + 1})
    graph.add_edge(START, name)
    graph.add_conditional_edges(name, lambda state: name if state["number"] < 3 else "__end__")
    instrument(graph.compile(), workflow_name="w" * 499 + "ä", emitter=recorder, executions=kept).invoke(
        {"number": 0}
    )
    found = Kept(kept)
    assert [step.tries for step in found.steps.values()] == [1, 1, 1]
    assert found.run.workflow_id == "w" * 200
    assert {span.name for span in found.spans} == {"w" * 499 + "ä", "ä" * 500}


class Shelf(BaseRetriever):
    fails: bool = False

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun
    ) -> list[Document]:
        if self.fails:
            raise OSError("closed")
        return [Document("a book")]


def test_tools_retrievers_and_models(way: Way, kept: pylayer.Client, recorder: Recorder) -> None:
    @tool
    def search(query: str) -> str:
        """Search."""
        Shelf().invoke(query)
        return str(Model().invoke(query).content)

    @tool
    def broken(query: str) -> str:
        """Break."""
        raise ValueError("no")

    def node(state: State) -> State:
        chain = RunnableLambda(lambda query: search.invoke({"query": query}))
        chain.with_config(run_name="in a chain").invoke("why?")
        for failing in (broken, Shelf(fails=True), Model(fails=True)):
            with suppress(ValueError, OSError, RuntimeError):
                failing.invoke({"query": "x"} if failing is broken else "x")
        return {}

    way(instrument(graph_of(node=node).compile(name="g"), emitter=recorder, executions=kept), {})
    found = Kept(kept)
    assert {(span.kind, span.status, *found.path(span)) for span in found.spans} == {
        ("agent", "ok", "g"),
        ("agent", "ok", "node", "g"),
        ("tool", "ok", "search", "node", "g"),
        ("retrieval", "ok", "Shelf", "search", "node", "g"),
        ("llm", "ok", "Model", "search", "node", "g"),
        ("tool", "error", "broken", "node", "g"),
        ("retrieval", "error", "Shelf", "node", "g"),
        ("llm", "error", "Model", "node", "g"),
    }
    assert len(found.spans) == 8
    assert {span.step_name for span in found.spans} == {None, "node#1"}
    assert found.named("broken").error == "ValueError: no"


def test_instrumented_graphs_in_one_another_are_one_run(
    way: Way, kept: pylayer.Client, recorder: Recorder
) -> None:
    inner = instrument(graph_of(deep=says("deep")).compile(), emitter=Recorder(), executions=kept)
    outer = graph_of(inner=inner).compile()
    twice = instrument(instrument(outer, executions=kept), emitter=recorder, executions=kept)
    way(twice, {})
    found = Kept(kept)
    assert found.tries() == dict.fromkeys(["inner#1", "inner#1/deep#1"], ("completed", 1))
    assert len(found.spans) == 4
    assert found.changes == DONE


def test_concurrent_runs(kept: pylayer.Client, recorder: Recorder) -> None:
    graph = StateGraph(State).add_node("a", says("a")).add_node("b", says("b"))
    graph.add_edge(START, "a").add_edge(START, "b")
    instrument(graph.compile(), emitter=recorder, executions=kept).batch([{"number": n} for n in range(20)])
    assert flush_executions(30)
    runs: Iterable[Execution] = kept.executions.list()
    assert sorted(run.inputs["number"] for run in runs) == list(range(20))
    for run in runs:
        assert (run.status, run.completed_steps, changes(kept, run.run_id)) == ("completed", 2, DONE)


def test_a_run_of_somebody_else_gets_spans_only(
    kept: pylayer.Client, recorder: Recorder, caplog: pytest.LogCaptureFixture
) -> None:
    kept.executions.start("durable", run_id="r")
    kept.executions.claim("r", "me")
    with run_context(run_id="r"):
        instrument(graph_of(a=says("a")).compile(), emitter=recorder, executions=kept).invoke({})
    found = Kept(kept)
    assert (found.run.status, found.run.worker, found.run.attempt) == ("running", "me", 1)
    assert found.steps == {}
    assert len(found.spans) == 2
    assert found.changes == [(None, "pending"), ("pending", "running")]
    assert recorder.changes() == []
    assert [record.name for record in caplog.records] == ["pylayer.langgraph.recording"]


def test_one_run_id_for_several_graphs(
    kept: pylayer.Client, recorder: Recorder, caplog: pytest.LogCaptureFixture
) -> None:
    graph = instrument(graph_of(a=says("a")).compile(), emitter=recorder, executions=kept)
    with run_context(run_id="r"):
        graph.invoke({})
        graph.invoke({})
    found = Kept(kept)
    assert (found.run.status, found.run.attempt, len(found.spans)) == ("completed", 1, 4)
    assert found.changes == DONE
    assert len(caplog.records) == 1


def test_an_asynchronous_client_and_the_role_of_an_agent(
    kept: pylayer.Client, dsn: str, recorder: Recorder
) -> None:
    async def run() -> None:
        async with await pylayer.connect_async(dsn, role="pylayer_agent") as client:
            graph = instrument(graph_of(a=says("a")).compile(), emitter=recorder, executions=client)
            await graph.ainvoke({})

    asyncio.run(run())
    assert Kept(kept).run.status == "completed"


def test_a_run_is_recorded_behind_pgbouncer(
    settings: Settings, client: pylayer.Client, recorder: Recorder, tmp_path: Path
) -> None:
    with (
        pgbouncer(tmp_path, settings.require_database_url()) as pooled_dsn,
        pylayer.connect(pooled_dsn, role="pylayer_agent") as kept,
    ):
        graph = instrument(
            graph_of(a=lambda _: {"seen": ["a"]}, b=lambda _: {"seen": ["b"]}).compile(),
            workflow_name="pooled",
            emitter=recorder,
            executions=kept,
        )
        graph.invoke({"number": 1})
        found = Kept(client)
    assert (found.run.workflow_id, found.run.status) == ("pooled", "completed")
    assert found.tries() == {"a#1": ("completed", 1), "b#2": ("completed", 1)}
    assert found.changes == DONE
