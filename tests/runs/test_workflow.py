"""Durable functions: what they return, how they wait, fail, end and go on."""

from __future__ import annotations

import asyncio
import doctest
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from psycopg import Connection
from pydantic import BaseModel

import pylayer
from pylayer.config import Settings
from pylayer.runs import Executions, Run, Span, Suspended, Workflows, run_due, workflow
from tests.waiting import wait_until

called: list[str] = []


def note(what: str) -> str:
    """A step that leaves a trace."""
    called.append(what)
    return what


@pytest.fixture(autouse=True)
def _nothing_called() -> None:
    called.clear()


@workflow("two")
def two(run: Run[Any], inputs: dict[str, Any]) -> list[str]:
    """Two steps, an event between them."""
    first = run.step("note", note, inputs["say"])
    answer = run.wait_for("answer", timeout_seconds=inputs.get("timeout"))
    return [first, run.step("note", note, str(answer))]


@pytest.mark.parametrize("documented", [workflow, Executions.start, Workflows.save])
def test_the_examples_are_true(client: pylayer.Client, documented: Any) -> None:
    names = {"client": client, "workflow": workflow}
    example = doctest.DocTestParser().get_doctest(documented.__doc__, names, "example", None, None)
    outcome = doctest.DocTestRunner().run(example)
    assert outcome.attempted >= 1
    assert outcome.failed == 0


def test_a_run_waits_and_goes_on_where_it_was(client: pylayer.Client) -> None:
    waiting = two.run(client, {"say": "hello"}, run_id="r")
    assert (waiting.status, waiting.waiting_for, waiting.worker) == ("waiting", "answer", None)
    assert two.run(client, {"say": "hello"}, run_id="r").status == "waiting", "not due"
    client.executions.emit_signal("r", "answer", "yes")
    done = two.resume(client, "r")
    assert (done.status, done.outputs, done.attempt) == ("completed", ["hello", "yes"], 2)
    assert called == ["hello", "yes"], "no step ran twice"
    assert [step.step_name for step in client.executions.list_steps("r")] == [
        "note",
        "note#2",
        "wait_for answer",
    ]
    assert two.run(client, {"say": "hello"}, run_id="r") == done, "a repeat of what has ended"
    states = [event.payload["to_state"] for event in client.events.timeline("r")]
    assert states == ["pending", "running", "waiting", "running", "completed"]


def test_a_wait_ends_by_the_clock(client: pylayer.Client) -> None:
    assert two.run(client, {"say": "a", "timeout": 0.2}, run_id="r").status == "waiting"
    (done,) = wait_until(lambda: run_due(client, [two]))
    assert done.outputs == ["a", "None"]


@workflow("sleeper")
def sleeper(run: Run[Any], _: Any) -> str:
    """Sleeps between two steps."""
    run.step("note", note, "before")
    run.sleep(3600)
    return run.step("note", note, "after")


def test_a_sleep_needs_no_process(client: pylayer.Client, conn: Connection[dict[str, Any]]) -> None:
    begun = sleeper.run(client, run_id="r")
    assert (begun.status, begun.due_at is not None) == ("waiting", True)
    with pytest.raises(pylayer.Conflict) as caught:
        sleeper.resume(client, "r")
    assert caught.value.reason == "not_due"
    assert run_due(client, [sleeper]) == []
    conn.execute("update work.step_executions set wakes_at = clock_timestamp() where status = 'waiting'")
    conn.execute("update work.workflow_executions set due_at = clock_timestamp()")
    assert run_due(client, [sleeper])[0].outputs == "after"
    assert called == ["before", "after"]


class Document(BaseModel):
    """A result that is no plain JSON."""

    at: datetime
    parts: tuple[int, ...]


@pytest.mark.parametrize(
    ("result", "stored"),
    [
        (None, None),
        ((1, 2), [1, 2]),
        ({"a": {1.5: "ü☃"}}, {"a": {"1.5": "ü☃"}}),
        (
            Document(at=datetime(2026, 1, 31, tzinfo=UTC), parts=(1,)),
            {"at": "2026-01-31T00:00:00Z", "parts": [1]},
        ),
        ("x" * 500_000, "x" * 500_000),
        (2**70, 2**70),
    ],
    ids=["none", "tuple", "dict", "model", "long", "big"],
)
def test_a_step_returns_what_it_returns_when_it_is_replayed(
    client: pylayer.Client, result: object, stored: object
) -> None:
    found: list[object] = []

    @workflow("json")
    def function(run: Run[Any], _: Any) -> None:
        found.append(run.step("make", lambda: result))
        run.wait_for("go")

    function.run(client, run_id="r")
    client.executions.emit_signal("r", "go")
    function.resume(client, "r")
    assert found == [stored, stored]


@pytest.mark.parametrize(
    ("result", "error"),
    [
        ("\x00", pylayer.InvalidInput),
        (float("nan"), pylayer.InvalidInput),
        ("\ud800", pylayer.InvalidInput),
        (object(), pylayer.InvalidInput),
        ("x" * 2_000_000, pylayer.TooLarge),
        ("x" * 9_000_000, pylayer.TooLarge),
    ],
    ids=["NUL", "nan", "surrogate", "object", "large", "huge"],
)
def test_a_result_that_cannot_be_stored_makes_the_run_fail(
    client: pylayer.Client, result: object, error: type[Exception]
) -> None:
    @workflow("bad")
    def function(run: Run[Any], _: Any) -> None:
        run.step("make", lambda: result)

    with pytest.raises(error):
        function.run(client, run_id="r")
    assert client.executions.get_by_id("r").status == "failed"


def test_a_failed_run_is_retried_from_the_step_that_failed(client: pylayer.Client) -> None:
    broken = True

    def second() -> str:
        if broken:
            raise ValueError("no\x00t \ud800yet")
        return "fine"

    @workflow("fragile")
    def fragile(run: Run[Any], _: Any) -> str:
        run.step("first", note, "first")
        return run.step("second", second)

    with pytest.raises(ValueError, match="yet"):
        fragile.run(client, run_id="r")
    failed = client.executions.get_by_id("r")
    assert (failed.status, failed.reason, failed.error_count) == ("failed", "ValueError", 2)
    assert failed.error == "ValueError: no\\x00t ?yet"
    assert fragile.run(client, run_id="r") == failed, "only a retry takes it up again"
    broken = False
    assert client.executions.retry("r").status == "pending"
    assert fragile.resume(client, "r").outputs == "fine"
    assert called == ["first"]
    assert {s.step_name: s.tries for s in client.executions.list_steps("r")} == {"first": 1, "second": 2}


def test_whoever_lost_the_run_records_nothing_and_fails_nothing(client: pylayer.Client) -> None:
    @workflow("taken")
    def taken(run: Run[Any], _: Any) -> str:
        run.step("first", note, "first")
        if run.attempt == 1:
            client.executions.claim(run.run_id, run.worker or "")
        return run.step("second", note, "second")

    with pytest.raises(pylayer.Conflict) as caught:
        taken.run(client, run_id="r", worker="me")
    assert caught.value.reason == "stale_attempt"
    run = client.executions.get_by_id("r")
    assert (run.status, run.attempt, run.completed_steps) == ("running", 2, 1)
    with pytest.raises(pylayer.Conflict) as caught:
        taken.resume(client, "r", worker="you")
    assert caught.value.reason == "run_leased"
    assert taken.resume(client, "r", worker="me").outputs == "second"


def test_two_calls_in_one_process_do_not_take_a_run_from_each_other(client: pylayer.Client) -> None:
    @workflow("doubled")
    def doubled(run: Run[Any], _: Any) -> str:
        with pytest.raises(pylayer.Conflict) as caught:
            doubled.run(client, run_id="r")
        assert caught.value.reason == "run_leased"
        return run.step("first", note, "first")

    assert doubled.run(client, run_id="r").outputs == "first"


def test_a_cancelled_run_stops_at_its_next_step(client: pylayer.Client) -> None:
    @workflow("stopped")
    def stopped(run: Run[Any], _: Any) -> None:
        run.step("first", note, "first")
        client.executions.cancel(run.run_id, reason="enough", actor="ada")
        run.step("second", lambda: None)

    with pytest.raises(pylayer.Conflict) as caught:
        stopped.run(client, run_id="r")
    assert caught.value.reason == "run_ended"
    run = client.executions.get_by_id("r")
    assert (run.status, run.reason, run.actor) == ("cancelled", "enough", "ada")


def test_a_run_past_its_deadline_fails(client: pylayer.Client, conn: Connection[dict[str, Any]]) -> None:
    @workflow("late")
    def late(run: Run[Any], _: Any) -> None:
        conn.execute("update work.workflow_executions set deadline = clock_timestamp()")
        run.step("first", note, "first")

    client.executions.start("late", run_id="r", deadline=datetime.now(UTC) + timedelta(hours=1))
    with pytest.raises(pylayer.Conflict):
        late.resume(client, "r")
    run = client.executions.get_by_id("r")
    assert (run.status, run.reason) == ("failed", "deadline_passed")


def test_a_function_that_swallows_its_suspension_does_not_end_the_run(client: pylayer.Client) -> None:
    @workflow("stubborn")
    def stubborn(run: Run[Any], _: Any) -> str:
        try:
            run.wait_for("go")
        except Exception:
            with pytest.raises(Suspended):
                run.step("never", note, "never")
        return "done"

    assert stubborn.run(client, run_id="r").status == "waiting"
    client.executions.emit_signal("r", "go")
    assert stubborn.resume(client, "r").outputs == "done"
    assert called == []


def test_due_runs_of_a_dead_process_are_taken_up(
    client: pylayer.Client, conn: Connection[dict[str, Any]]
) -> None:
    client.executions.start("sleeper", run_id="dead")
    client.executions.claim("dead", "somebody")
    client.executions.start("other", run_id="other")
    assert run_due(client, [sleeper]) == []
    conn.execute("update work.workflow_executions set due_at = clock_timestamp() where run_id = 'dead'")
    assert [run.run_id for run in run_due(client, [sleeper])] == ["dead"]
    assert client.executions.get_by_id("other").status == "pending"


def test_one_failing_run_does_not_stop_the_others(client: pylayer.Client) -> None:
    @workflow("some")
    def some(run: Run[Any], inputs: dict[str, bool]) -> str:
        return run.step("try", fail if inputs["fails"] else lambda: "fine")

    def fail() -> str:
        raise ValueError

    for n in range(4):
        client.executions.start("some", {"fails": n % 2 == 0}, run_id=f"r{n}")
    assert {r.run_id: r.status for r in run_due(client, [some])} == {
        "r0": "failed",
        "r1": "completed",
        "r2": "failed",
        "r3": "completed",
    }


def test_a_child_is_a_step(client: pylayer.Client) -> None:
    @workflow("child")
    def child(run: Run[Any], inputs: int) -> int:
        return run.step("double", lambda: inputs * 2)

    @workflow("parent")
    def parent(run: Run[Any], _: Any) -> int:
        return run.step(
            "child",
            lambda: child.run(client, 21, run_id=f"{run.run_id}/child", parent_run_id=run.run_id).outputs,
        )

    assert parent.run(client, run_id="r").outputs == 42
    assert [run.run_id for run in client.executions.list(parent_run_id="r")] == ["r/child"]


def test_the_version_of_a_workflow_is_the_one_that_its_selector_finds(client: pylayer.Client) -> None:
    for version in ("1.0.0", "1.4.2", "2.0.0"):
        client.workflows.save("versioned", version, [{"name": "a"}, {"name": "b", "depends_on": ["a"]}])

    @workflow("versioned", version="^1.0")
    def versioned(run: Run[Any], _: Any) -> None:
        run.step("a", note, "a")

    run = versioned.run(client)
    assert (run.version, run.total_steps, run.completed_steps) == ("1.4.2", 2, 1)
    assert client.workflows.get_by_id("versioned", "1.4.2").used_at is not None
    assert [found.version for found in client.workflows.list(limit=2)] == ["2.0.0", "1.4.2"]
    last = client.workflows.list(limit=2)[-1]
    assert [found.version for found in client.workflows.list(after=last)] == ["1.0.0"]
    assert client.workflows.set_status("versioned", "2.0.0", "deprecated").status == "deprecated"
    assert client.workflows.get_by_id("versioned").version == "1.4.2"


def test_spans_are_stored_once(client: pylayer.Client) -> None:
    client.executions.start("w", run_id="r")
    now = datetime.now(UTC)
    span = Span(span_id="s", name="chat", kind="llm", started_at=now, ended_at=now, input_tokens=5)
    assert client.executions.record_traces("r", [span, span]) == 1
    assert client.executions.record_traces("r", [span]) == 0
    (stored,) = client.executions.list_traces("r")
    assert (stored.run_id, stored.input_tokens, stored.status) == ("r", 5, "ok")


def test_an_async_workflow_does_the_same(settings: Settings) -> None:
    async def fetch(what: str) -> str:
        await asyncio.sleep(0)
        return note(what)

    @workflow("async")
    async def function(run: Run[Any], inputs: dict[str, str]) -> list[Any]:
        one = await run.step("fetch", fetch, inputs["say"])
        both = await asyncio.gather(
            run.step("thread", note, "in a thread"), run.step("lambda", lambda: fetch("lambda"))
        )
        await run.sleep(0)
        return [one, *both, await run.wait_for("go")]

    async def main() -> None:
        async with await pylayer.connect_async(settings=settings) as client:
            assert (await function.run(client, {"say": "hi"}, run_id="r")).status == "waiting"
            await client.executions.emit_signal("r", "go", 1)
            (done,) = await run_due(client, [function])
            assert done.outputs == ["hi", "in a thread", "lambda", 1]
            assert sorted(called) == ["hi", "in a thread", "lambda"]

    asyncio.run(main())


async def _coroutine() -> None:
    raise AssertionError


@pytest.mark.parametrize("step", [_coroutine, lambda *_: _coroutine()], ids=["function", "lambda"])
def test_an_async_step_needs_an_async_client(client: pylayer.Client, step: Callable[[], Any]) -> None:
    @workflow("mixed")
    def mixed(run: Run[Any], _: Any) -> None:
        run.step("await", step)

    with pytest.raises(TypeError):
        mixed.run(client, run_id="r")
    assert client.executions.get_by_id("r").status == "failed"
