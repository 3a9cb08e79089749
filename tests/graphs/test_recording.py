"""Recording executions never stands in a graph's way, and loses nothing but what it says."""

from __future__ import annotations

import logging
import operator
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Annotated, Any, TypedDict

import pytest
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.tools import tool
from langgraph.graph import START, StateGraph
from psycopg import Connection
from pydantic import BaseModel

import pylayer
from pylayer.embedded import Stack
from pylayer.ids import new_ulid
from pylayer.langgraph import PylayerSaver, flush_executions, instrument, recording
from pylayer.langgraph.recording import Session, Writer
from pylayer.langgraph.snapshots import MAX_CHARACTERS, snapshot
from pylayer.runs import Span
from tests.faults.test_postgres_killed import kill_postgres
from tests.graphs.executions import DONE, NEW, Kept, changes, graph_of
from tests.graphs.support import Recorder, outcome
from tests.graphs.test_attempts import RETRY, Failing, says
from tests.waiting import wait_until


class State(TypedDict, total=False):
    seen: Annotated[list[Any], operator.add]


def two_steps(kept: Any, recorder: Recorder, between: Callable[[], object] = lambda: None) -> Any:
    def second(state: State) -> State:
        between()
        return {"seen": ["second"]}

    graph = graph_of(first=says("first"), second=second).compile()
    return instrument(graph, workflow_name="two", emitter=recorder, executions=kept)


WAITS = (
    "select true as waits from pg_locks where not granted and relation = 'work.workflow_executions'::regclass"
)
RESULT = {"seen": ["first", "second"]}


def test_a_database_that_never_answers(
    recorder: Recorder, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    given_up, connect = threading.Event(), recording.connect

    def connect_late(*args: Any, **options: Any) -> pylayer.Client:
        assert given_up.wait(60), "the graph waits for the database"
        return connect(*args, **options)

    monkeypatch.setattr(recording, "connect", connect_late)
    with pylayer.connect("postgresql://nobody@127.0.0.1:1/none") as away:
        assert two_steps(away, recorder).invoke({}) == RESULT
        given_up.set()
        wait_until(lambda: any(record.name == recording.__name__ for record in caplog.records))
        writer = recording._writers.pop((away.database_url, None))
        writer.close(timeout=0)
        assert writer._thread is not None
        writer._thread.join()  # else the next test reads what its pool logs
    assert len(recorder.steps) == 2
    assert recorder.changes() == []
    texts = [record.getMessage() for record in caplog.records if record.name == recording.__name__]
    assert len(texts) == 2  # can't be recorded; lost


def test_the_server_is_killed_in_the_middle(
    durable_stack: Stack, recorder: Recorder, caplog: pytest.LogCaptureFixture
) -> None:
    def kill() -> None:
        wait_until(client.executions.list)
        kill_postgres(durable_stack)

    with pylayer.connect(durable_stack.environment()["DATABASE_URL"]) as client:
        began = datetime.now(UTC)
        assert two_steps(client, recorder, kill).invoke({}) == RESULT
        ended = datetime.now(UTC)
        assert not flush_executions(0.5)
        durable_stack.up()
        found = Kept(client)
        assert (found.run.status, found.run.outputs) == ("completed", RESULT)
        assert found.tries() == {"first#1": ("completed", 1), "second#2": ("completed", 1)}
        assert len(found.spans) == 3
        assert found.changes == DONE
        assert found.run.completed_at is not None
        assert found.run.started_at is not None
        assert began <= found.run.started_at <= found.run.completed_at <= ended
        recording._writers.pop((client.database_url, None)).close()


def test_answers_that_are_lost(
    kept: pylayer.Client, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Writer._send
    lost: set[str] = set()

    def send_and_lose(self: Writer, session: Session, spans: list[Span], end: Any) -> bool:
        mine = real(self, session, spans, end)
        kind = "with spans" if spans else "without"
        if kind not in lost:
            lost.add(kind)
            raise pylayer.Unavailable("the answer was lost")
        return mine

    monkeypatch.setattr(Writer, "_send", send_and_lose)
    graph = StateGraph(State).add_node("first", says("first")).add_edge(START, "first")
    graph.add_node("broken", Failing(99), retry_policy=RETRY).add_edge("first", "broken")
    outcome(lambda: instrument(graph.compile(), emitter=recorder, executions=kept).invoke({}))
    found = Kept(kept)
    assert "with spans" in lost
    assert found.tries() == {"first#1": ("completed", 1), "broken#2": ("failed", 3)}
    assert (found.run.completed_steps, found.run.error_count) == (1, 4)
    assert found.changes == [*NEW, ("running", "failed")]


def test_no_node_waits_for_the_database(
    kept: pylayer.Client, recorder: Recorder, conn: Connection[Any]
) -> None:
    with conn.transaction():
        conn.execute("lock work.workflow_executions in access exclusive mode")
        assert two_steps(kept, recorder).invoke({}) == RESULT
        wait_until(lambda: conn.execute(WAITS).fetchone())
    assert Kept(kept).changes == DONE


def test_the_times_are_those_of_the_run_however_late_it_is_recorded(
    kept: pylayer.Client, recorder: Recorder, conn: Connection[Any]
) -> None:
    with conn.transaction():
        conn.execute("lock work.workflow_executions in access exclusive mode")
        two_steps(kept, recorder, lambda: time.sleep(0.05)).invoke({})
        ended = datetime.now(UTC)
        time.sleep(0.1)
    run = Kept(kept).run
    assert run.created_at == run.started_at
    assert run.started_at is not None
    assert run.completed_at is not None
    assert run.started_at < run.completed_at <= ended
    assert run.completed_at - run.started_at >= timedelta(seconds=0.05)
    events = [event for event in kept.events.timeline(run.run_id) if event.payload.get("to_state")]
    assert [event.ts for event in events] == [run.started_at, run.completed_at]
    assert events[1].payload["time_in_state_seconds"] == pytest.approx(
        (run.completed_at - run.started_at).total_seconds()
    )


def test_what_is_refused_is_a_log_line(
    kept: pylayer.Client, recorder: Recorder, conn: Connection[Any], caplog: pytest.LogCaptureFixture
) -> None:
    conn.execute("revoke execute on function work.record_execution from pylayer_agent")
    agent = kept.acting_as("pylayer_agent")

    def first(state: State) -> State:
        assert flush_executions(30)  # its start is refused, before there is a span
        return {"seen": ["first"]}

    graph = graph_of(first=first, second=says("second")).compile()
    assert instrument(graph, emitter=recorder, executions=agent).invoke({}) == RESULT
    assert flush_executions(30)
    assert kept.executions.list() == []
    assert [record.name for record in caplog.records] == [recording.__name__]


def test_spans_that_are_refused_do_not_keep_the_run_open(
    kept: pylayer.Client, recorder: Recorder, conn: Connection[Any], caplog: pytest.LogCaptureFixture
) -> None:
    conn.execute("alter table work.execution_traces add check (name <> 'first')")
    two_steps(kept, recorder).invoke({})
    found = Kept(kept)
    assert found.run.status == "completed"
    assert "first#1" not in found.steps
    assert [record.name for record in caplog.records] == [recording.__name__]


def test_many_large_spans(kept: pylayer.Client, recorder: Recorder, caplog: pytest.LogCaptureFixture) -> None:
    @tool
    def broken() -> str:
        """Break."""
        raise ValueError("\U0001f600" * 3000)

    named = broken.with_config(run_name="\U0001f600" * 600)

    def node(state: State) -> State:
        for _ in range(200):
            with suppress(ValueError):
                named.invoke({})
        return {}

    instrument(graph_of(node=node).compile(), emitter=recorder, executions=kept).invoke({})
    found = Kept(kept)
    assert (found.run.status, len(found.spans)) == ("completed", 202)
    assert caplog.records == []


def test_what_waits_is_limited(
    kept: pylayer.Client,
    recorder: Recorder,
    conn: Connection[Any],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(recording, "MAX_SPANS", 1)
    monkeypatch.setattr(recording, "MAX_SESSIONS", 1)

    def is_being_recorded() -> None:
        wait_until(lambda: conn.execute(WAITS).fetchone())

    graph = two_steps(kept, recorder)
    with conn.transaction():
        conn.execute("lock work.workflow_executions in access exclusive mode")
        two_steps(kept, recorder, is_being_recorded).invoke({"seen": ["1"]})  # its end has to wait
        graph.invoke({"seen": ["2"]})  # no room
    found = Kept(kept)
    assert (found.run.status, found.run.inputs, len(found.spans)) == ("completed", {"seen": ["1"]}, 1)
    assert len(caplog.records) == 2
    graph.invoke({"seen": ["3"]})
    assert flush_executions(30)
    assert [run.inputs["seen"] for run in kept.executions.list()] == [["3"], ["1"]]


def test_a_run_that_was_given_up_while_it_lived(
    kept: pylayer.Client, recorder: Recorder, conn: Connection[Any]
) -> None:
    def give_up() -> None:
        wait_until(lambda: Kept(kept).steps)  # and no call is left that holds the run, or moves the deadline
        conn.execute("update work.workflow_executions set deadline = clock_timestamp()")
        assert kept.executions.expire() == 1

    two_steps(kept, recorder, give_up).invoke({})
    found = Kept(kept)
    assert (found.run.status, found.run.error, found.run.attempt) == ("completed", None, 1)
    assert found.changes == [*NEW, ("running", "failed"), ("failed", "running"), ("running", "completed")]
    assert found.tries() == {"first#1": ("completed", 1), "second#2": ("completed", 1)}


def test_a_run_that_is_cancelled_meanwhile_stays_so(kept: pylayer.Client, recorder: Recorder) -> None:
    def cancel() -> None:
        [run] = wait_until(kept.executions.list)
        kept.executions.cancel(run.run_id, actor="ada")

    assert two_steps(kept, recorder, cancel).invoke({}) == RESULT
    found = Kept(kept)
    assert (found.run.status, found.run.actor) == ("cancelled", "ada")
    assert len(found.spans) == 3
    assert found.changes == [*NEW, ("running", "cancelled")]


def test_long_runs_are_said_to_live(
    kept: pylayer.Client, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording, "ALIVE_SECONDS", 1)

    def wait() -> None:
        wait_until(lambda: Kept(kept).steps)  # from now on nothing is recorded but that it lives
        deadline = Kept(kept).run.deadline
        monkeypatch.setattr(recording, "ALIVE_SECONDS", 600)  # from the next time on
        wait_until(lambda: kept.executions.list()[0].deadline > deadline + timedelta(minutes=5))
        wait_until(lambda: datetime.now(UTC) > deadline)
        assert kept.executions.expire() == 0

    two_steps(kept, recorder, wait).invoke({})
    assert Kept(kept).run.deadline is None


VICTIM = """
import sys, threading
import pylayer
from pylayer.langgraph import PylayerSaver, instrument
from tests.graphs.support import Recorder
from tests.graphs.test_recording import crashing

with pylayer.connect(sys.argv[1]) as client:
    graph = crashing(client, Recorder(), sys.argv[2])
    graph.invoke({}, {"configurable": {"thread_id": "t", "run_id": "r"}})
"""


def crashing(client: pylayer.Client, recorder: Recorder, mode: str) -> Any:
    """A graph whose second node hangs, or not."""

    def second(state: State) -> State:
        if mode == "hangs":
            threading.Event().wait()
        return {"seen": ["second"]}

    graph = graph_of(first=says("first"), second=second).compile(checkpointer=PylayerSaver(client))
    return instrument(graph, workflow_name="two", emitter=recorder, executions=client)


@contextmanager
def victim(dsn: str, mode: str) -> Generator[subprocess.Popen[bytes]]:
    """Run the graph in a process of its own."""
    with subprocess.Popen([sys.executable, "-c", VICTIM, dsn, mode]) as process:
        try:
            yield process
        finally:
            process.kill()


def test_a_process_that_ends_has_recorded_its_runs(kept: pylayer.Client, dsn: str) -> None:
    with victim(dsn, "ends") as process:
        assert process.wait(60) == 0
    assert (Kept(kept).run.status, Kept(kept).changes) == ("completed", DONE)


@pytest.mark.parametrize("expired", [False, True])
def test_a_process_that_is_killed(
    expired: bool, kept: pylayer.Client, dsn: str, conn: Connection[Any], recorder: Recorder
) -> None:
    with victim(dsn, "hangs"):
        wait_until(lambda: conn.execute("select true as found from work.step_executions").fetchone())
        wait_until(lambda: conn.execute("select true as found from work.checkpoints offset 1").fetchone())
    found = Kept(kept)
    assert (found.run.status, found.tries()) == ("running", {"first#1": ("completed", 1)})
    if expired:
        conn.execute("update work.workflow_executions set deadline = clock_timestamp()")
        assert kept.executions.expire() == 1
        assert kept.executions.get_by_id("r").reason == "deadline_passed"
    graph = crashing(kept, recorder, "ends")
    assert graph.invoke(None, {"configurable": {"thread_id": "t", "run_id": "r"}}) == RESULT
    found = Kept(kept)
    assert (found.run.status, found.run.attempt, found.run.error) == ("completed", 2, None)
    assert found.tries() == {"first#1": ("completed", 1), "second#2": ("completed", 1)}
    lost = [("running", "failed"), ("failed", "running")] if expired else []
    assert found.changes == [*NEW, *lost, ("running", "completed")]


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_after_a_fork(kept: pylayer.Client, recorder: Recorder) -> None:
    graph = two_steps(kept, recorder)
    stream = graph.stream({}, stream_mode="updates")
    next(stream)
    child = os.fork()  # in the middle of a run
    if child == 0:
        graph.invoke({"seen": ["child"]})
        os._exit(0 if flush_executions(30) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert len(list(stream)) == 1
    assert flush_executions(30)
    runs = kept.executions.list()
    assert [run.status for run in runs] == ["completed"] * 2
    assert [changes(kept, run.run_id) for run in runs] == [DONE] * 2


def test_an_earlier_driver_does_not_take_a_run_back(client: pylayer.Client) -> None:
    first, second = f"a:{new_ulid(1)}", f"b:{new_ulid(2)}"
    record = client.executions.record
    assert record("r", second, workflow_id="w")
    assert not record("r", first, workflow_id="w", status="waiting")
    assert record("r", second, status="completed", outputs=1)
    assert not record("r", first, status="failed", error="late")
    assert changes(client, "r") == DONE


class Color(Enum):
    RED = "red"


@dataclass
class Point:
    x: int
    label: str | None = None


class Form(BaseModel):
    name: str
    tags: list[str] = []


@pytest.mark.parametrize(
    ("value", "copy"),
    [
        (None, None),
        ({"a": [1, 2.5, True, None, "x"], 3: (4,)}, {"a": [1, 2.5, True, None, "x"], "3": [4]}),
        ("a\x00b\ud800", "a\\x00b\\ud800"),
        (float("nan"), "nan"),
        ([10**5000], ["an integer of 16610 bits"]),
        (Color.RED, "red"),
        (datetime(2026, 1, 1, tzinfo=UTC), "2026-01-01 00:00:00+00:00"),
        (Point(1), {"x": 1}),
        (Form(name="n"), {"name": "n"}),
        (b"abc", "3 bytes"),
        (object(), "<object>"),
        ([threading.Lock], ["<builtin_function_or_method>"]),
    ],
)
def test_snapshots(value: Any, copy: Any) -> None:
    assert snapshot(value) == copy


def test_snapshots_of_messages() -> None:
    assert snapshot({"messages": [HumanMessage("hi"), AIMessage("yes", id="m")]}) == {
        "messages": [{"content": "hi", "type": "human"}, {"content": "yes", "type": "ai", "id": "m"}]
    }


def test_snapshots_have_a_size(client: pylayer.Client) -> None:
    loop: dict[str, Any] = {}
    loop["self"] = loop
    wide = {"rows": [{"text": "x" * 100, "n": n} for n in range(100_000)]}
    for value in ("x" * 10**7, wide, loop, {str(n): n for n in range(100_000)}, [[[]]] * 10**6):
        start = time.thread_time()  # of this thread alone: others may have the processor
        found = snapshot(value)
        assert time.thread_time() - start < 0.5
        run = client.executions
        worker = f"w:{new_ulid()}"
        assert run.record(new_ulid(), worker, workflow_id="w", inputs=found)
        assert len(str(found)) < 8 * MAX_CHARACTERS
        assert "…" in str(found)


def test_snapshots_of_what_raises() -> None:
    class Hostile(dict[str, Any]):
        def items(self) -> Any:
            raise RuntimeError

    assert snapshot({"a": Hostile(a=1)}) == {"…": "not recorded: RuntimeError"}


def test_nothing_is_logged_when_all_is_well(
    kept: pylayer.Client, recorder: Recorder, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    two_steps(kept, recorder).invoke({})
    assert Kept(kept).run.status == "completed"
    assert caplog.records == []
