"""Children: their parent gets what they return, waits where they wait, and wakes when they end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from psycopg import Connection

import pylayer
from pylayer.config import Settings
from pylayer.runs import ChildFailed, Run, run_due, workflow
from tests.work.sessions import Row, blocked, row, session

called: list[str] = []
CANCEL = "select * from work.cancel_execution(%s)"
AWAIT = "select * from work.await_execution('r', 1, 'child', 'c')"
ENDS = {
    "completes": "select * from work.complete_execution('c', 1, '42')",
    "fails": "select * from work.fail_execution('c', 1, 'broken')",
    "is cancelled": "select * from work.cancel_execution('c')",
}


@pytest.fixture(autouse=True)
def _nothing_called() -> None:
    called.clear()


def note(what: str) -> str:
    """A step that leaves a trace."""
    called.append(what)
    return what


@workflow("child")
def child(run: Run[Any], inputs: dict[str, Any]) -> str:
    """Fails, waits or returns, as it is told."""
    if inputs.get("fails"):
        run.step("fail", lambda: {}["a"])
    answer = run.wait_for("go") if inputs.get("waits") else "at once"
    return run.step("note", note, f"child {answer}")


@workflow("parent")
def parent(run: Run[Any], inputs: dict[str, Any]) -> list[str]:
    """A child between two steps."""
    before = run.step("note", note, "before")
    return [before, run.child(child, inputs), run.step("note", note, "after")]


def test_a_child_that_does_not_wait_ends_at_once(client: pylayer.Client) -> None:
    done = parent.run(client, {}, run_id="r")
    assert (done.status, done.outputs) == ("completed", ["before", "child at once", "after"])
    (below,) = client.executions.list(parent_run_id="r")
    assert (below.run_id, below.workflow_id, below.status) == ("r/child", "child", "completed")
    assert client.executions.step_results("r") == {
        "note": "before",
        "child": "child at once",
        "note#2": "after",
    }


def test_a_parent_waits_while_its_child_waits(client: pylayer.Client) -> None:
    waiting = parent.run(client, {"waits": True}, run_id="r")
    assert (waiting.status, waiting.waiting_for, waiting.due_at) == ("waiting", "run r/child", None)
    assert run_due(client, [parent, child]) == []
    client.executions.emit_signal("r/child", "go", "yes")
    assert [run.run_id for run in run_due(client, [parent, child])] == ["r/child"]
    (done,) = run_due(client, [parent, child])
    assert (done.run_id, done.outputs) == ("r", ["before", "child yes", "after"])
    assert called == ["before", "child yes", "after"], "no step ran twice"


def test_a_parent_leaves_a_child_to_whoever_has_it(client: pylayer.Client) -> None:
    client.executions.start("parent", {}, run_id="r")
    client.executions.start("child", {}, run_id="r/child", parent_run_id="r")
    client.executions.claim("r/child", "somebody")
    assert parent.resume(client, "r").status == "waiting"
    client.executions.complete("r/child", 1, "by somebody")
    assert run_due(client, [parent])[0].outputs == ["before", "by somebody", "after"]


def test_a_failed_child_fails_its_parent_until_both_are_taken_up_again(client: pylayer.Client) -> None:
    with pytest.raises(ChildFailed, match="KeyError"):
        parent.run(client, {"fails": True}, run_id="r")
    failed = client.executions.get_by_id("r")
    assert (failed.status, failed.reason) == ("failed", "ChildFailed")
    assert client.executions.get_by_id("r/child").status == "failed"
    client.executions.retry("r/child")
    client.executions.retry("r")
    client.executions.claim("r/child", "somebody")
    assert parent.resume(client, "r").status == "waiting"
    client.executions.complete("r/child", 2, "mended")
    assert run_due(client, [parent])[0].outputs == ["before", "mended", "after"]


def test_a_cancelled_child_wakes_its_parent(client: pylayer.Client) -> None:
    parent.run(client, {"waits": True}, run_id="r")
    client.executions.cancel("r/child")
    (failed,) = run_due(client, [parent])
    assert (failed.status, failed.reason) == ("failed", "ChildFailed")


def test_an_async_parent_does_the_same(settings: Settings) -> None:
    @workflow("async child")
    async def below(run: Run[Any], _: Any) -> Any:
        return await run.wait_for("go")

    @workflow("async parent")
    async def above(run: Run[Any], _: Any) -> Any:
        return await run.child(below)

    async def main() -> None:
        async with await pylayer.connect_async(settings=settings) as client:
            assert (await above.run(client, run_id="r")).waiting_for == "run r/async child"
            await client.executions.emit_signal("r/async child", "go", 1)
            await run_due(client, [above, below])
            (done,) = await run_due(client, [above, below])
            assert done.outputs == 1

    asyncio.run(main())


@pytest.fixture
def family(conn: Connection[Row]) -> Connection[Row]:
    """A session that sees the run r and its child c, both claimed."""
    row(conn, "select work.start_execution('w', p_run_id => 'r')")
    row(conn, "select work.start_execution('w', p_run_id => 'c', p_parent_run_id => 'r')")
    for run in ("r", "c"):
        row(conn, "select work.claim_execution(%s, 'me')", run)
    return conn


def due(conn: Connection[Row], run: str) -> bool:
    """Whether a run waits no longer."""
    return bool(
        row(conn, "select due_at <= clock_timestamp() as due from work.get_execution(%s)", run)["due"]
    )


@pytest.mark.parametrize("end", ENDS)
def test_a_child_that_ends_while_its_parent_begins_to_wait_wakes_it(
    dsn: str, family: Connection[Row], end: str
) -> None:
    with session(dsn) as waiting:
        assert row(waiting, AWAIT)["status"] == "waiting"
        with blocked(dsn, family, ENDS[end]) as ended:
            waiting.commit()
        assert isinstance(ended.result(), dict)
    assert due(family, "r")


@pytest.mark.parametrize("end", ENDS)
def test_a_parent_that_begins_to_wait_while_its_child_ends_sees_it(
    dsn: str, family: Connection[Row], end: str
) -> None:
    with session(dsn) as ending:
        row(ending, ENDS[end])
        with blocked(dsn, family, AWAIT) as awaited:
            ending.commit()
        found = awaited.result()
    assert isinstance(found, dict)
    assert found["status"] == ("completed" if end == "completes" else "failed")


@pytest.mark.parametrize("end", ENDS)
def test_a_child_that_ends_and_the_cancellation_of_its_parent_do_not_deadlock(
    dsn: str, family: Connection[Row], end: str
) -> None:
    """Both are stopped where one who locked the child first would hold what the other needs."""
    row(family, AWAIT)
    with session(dsn) as holder:
        row(holder, "select from work.workflow_executions where run_id = 'c' for no key update")
        with blocked(dsn, family, ENDS[end]) as ended, blocked(dsn, family, CANCEL, "r") as cancelled:
            holder.commit()
    assert isinstance(ended.result(), dict)
    assert isinstance(cancelled.result(), dict)
    statuses = {run: row(family, "select status from work.get_execution(%s)", run)["status"] for run in "rc"}
    assert statuses == {
        "r": "cancelled",
        "c": {"completes": "completed", "fails": "failed"}.get(end, "cancelled"),
    }


def test_an_expiry_waits_for_nobody(dsn: str, family: Connection[Row]) -> None:
    row(family, AWAIT)
    family.execute("update work.workflow_executions set deadline = clock_timestamp() where run_id = 'c'")
    with session(dsn) as holder:
        row(holder, "select from work.workflow_executions where run_id = 'r' for no key update")
        assert row(family, "select work.expire_executions() as n")["n"] == 0, "its parent is held"
        holder.commit()
    assert row(family, "select work.expire_executions() as n")["n"] == 1
    assert due(family, "r")


def test_steps_inside_steps_have_names_of_their_own(client: pylayer.Client) -> None:
    """What an outer step called is not called again: names that only it uses are not counted elsewhere."""

    @workflow("nested")
    def nested(run: Run[Any], _: Any) -> list[str]:
        outer = run.step("outer", lambda: run.step("note", note, "inside"))
        run.wait_for("go")
        return [outer, run.step("note", note, "outside")]

    nested.run(client, run_id="r")
    client.executions.emit_signal("r", "go")
    assert nested.resume(client, "r").outputs == ["inside", "outside"]
    assert sorted(client.executions.step_results("r")) == ["note", "outer", "outer/note", "wait_for go"]


async def _async_note(run: Run[Any]) -> str:
    return await run.step("note", note, "inside")


def _through_a_lambda(run: Run[Any]) -> Any:
    return _async_note(run)


@pytest.mark.parametrize("inside", [_async_note, _through_a_lambda])
def test_async_steps_inside_steps_have_names_of_their_own(
    settings: Settings, inside: Callable[..., Any]
) -> None:
    @workflow("async nested")
    async def nested(run: Run[Any], _: Any) -> list[str]:
        outer = await run.step("outer", inside, run)
        await run.wait_for("go")
        return [outer, await run.step("note", note, "outside")]

    async def main() -> None:
        async with await pylayer.connect_async(settings=settings) as client:
            await nested.run(client, run_id="r")
            await client.executions.emit_signal("r", "go")
            assert (await nested.resume(client, "r")).outputs == ["inside", "outside"]

    asyncio.run(main())
