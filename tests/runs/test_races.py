"""Sessions that meet over one run: one starts it, one records each step, nothing wakes too late."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from psycopg import Connection

import pylayer
from tests.horizon import count_all
from tests.work.sessions import Row, blocked, refusal, row, session

START = "select * from work.start_execution('w', %s, 'r')"
CLAIM = "select * from work.claim_execution('r', %s)"
COMPLETE = "select * from work.complete_step('r', %s, 'a', %s)"
AWAIT = "select * from work.await_event('r', 1, 'w', 'go')"
EMIT = "select * from work.emit_signal('r', 'go')"
CANCEL = "select * from work.cancel_execution('r')"
CHILD = "select * from work.start_execution('w', p_run_id => 'c', p_parent_run_id => 'r')"
REGISTER = "select * from work.register_workflow('w', '1.0.0', %s)"
USE = "select * from work.start_execution('w', p_run_id => 'r', p_version => '1.0.0')"
RUN = "select * from work.get_execution('r')"


def reason(result: Row | psycopg.Error) -> Any:
    """Why a statement was refused."""
    assert isinstance(result, psycopg.Error)
    return result.diag.constraint_name


def done(result: Row | psycopg.Error) -> Row:
    """The row of a statement that was not refused."""
    assert isinstance(result, dict), result
    return result


@pytest.fixture
def claimed(conn: Connection[Row]) -> Connection[Row]:
    """A session that sees the run r, claimed by me."""
    row(conn, START, "{}")
    row(conn, CLAIM, "me")
    return conn


def test_of_two_that_start_one_run_both_get_it(dsn: str, conn: Connection[Row]) -> None:
    with session(dsn) as first:
        assert row(first, START, "{}")["created"]
        with blocked(dsn, conn, START, "{}") as second:
            first.commit()
    assert done(second.result())["created"] is False
    events = "select count(*) from telemetry.workflow_events where item_id = 'r'"
    assert row(conn, events)["count"] == 1, "one start, one event"


def test_of_two_that_start_different_runs_of_one_key_the_second_is_refused(
    dsn: str, conn: Connection[Row]
) -> None:
    with session(dsn) as first:
        row(first, START, "1")
        with blocked(dsn, conn, START, "2") as second:
            first.commit()
    assert reason(second.result()) == "run_exists"


def test_a_run_whose_starter_gives_up_is_free(dsn: str, conn: Connection[Row]) -> None:
    with session(dsn) as first:
        row(first, START, "1")
        with blocked(dsn, conn, START, "2") as second:
            first.rollback()
    assert done(second.result())["created"] is True
    assert row(conn, RUN)["inputs"] == 2


def test_of_two_that_claim_a_run_one_gets_it(dsn: str, conn: Connection[Row]) -> None:
    row(conn, START, "{}")
    with session(dsn) as first:
        row(first, CLAIM, "me")
        with blocked(dsn, conn, CLAIM, "you") as second:
            first.commit()
    assert reason(second.result()) == "run_leased"


def test_of_two_attempts_the_latest_records(dsn: str, claimed: Connection[Row]) -> None:
    """Two processes with one worker's name: the one that is taken over records nothing more."""
    with session(dsn) as newer:
        assert row(newer, CLAIM, "me")["attempt"] == 2
        with blocked(dsn, claimed, COMPLETE, 1, '"old"') as older:
            newer.commit()
        assert reason(older.result()) == "stale_attempt"
        assert row(newer, COMPLETE, 2, '"new"')["output"] == "new"
        newer.commit()
    assert refusal(lambda: row(claimed, COMPLETE, 1, '"old"')) == ("PT409", "stale_attempt")


def test_what_the_one_before_records_is_known_to_the_next(dsn: str, claimed: Connection[Row]) -> None:
    with session(dsn) as older:
        row(older, COMPLETE, 1, '"old"')
        with blocked(dsn, claimed, CLAIM, "me") as newer:
            older.commit()
    assert done(newer.result())["completed_steps"] == 1
    assert row(claimed, COMPLETE, 2, '"new"')["output"] == "old", "the first result stays"
    assert row(claimed, RUN)["completed_steps"] == 1


def test_a_record_that_was_sent_twice_counts_once(dsn: str, claimed: Connection[Row]) -> None:
    """The client sends it again when the connection is lost, while the server may still be at the first."""
    with session(dsn) as first:
        row(first, COMPLETE, 1, "1")
        with blocked(dsn, claimed, COMPLETE, 1, "1") as again:
            first.commit()
    assert done(again.result())["output"] == 1
    assert row(claimed, RUN)["completed_steps"] == 1


def test_a_signal_while_the_run_begins_to_wait_wakes_it(dsn: str, claimed: Connection[Row]) -> None:
    with session(dsn) as waiting:
        assert row(waiting, AWAIT)["status"] == "waiting"
        with blocked(dsn, claimed, EMIT) as sent:
            waiting.commit()
    assert done(sent.result())["created"]
    assert row(claimed, CLAIM, "me")["attempt"] == 2
    found = row(claimed, "select * from work.await_event('r', 2, 'w', 'go')")
    assert (found["status"], found["output"]) == ("completed", {})


def test_a_run_that_begins_to_wait_while_a_signal_is_sent_gets_it(dsn: str, claimed: Connection[Row]) -> None:
    with session(dsn) as sender:
        row(sender, EMIT)
        with blocked(dsn, claimed, AWAIT) as waiting:
            sender.commit()
    assert done(waiting.result())["status"] == "completed"


def test_who_cannot_see_a_signal_does_not_wait_for_it(dsn: str, claimed: Connection[Row]) -> None:
    with session(dsn) as waiting:
        waiting.execute("set transaction isolation level repeatable read")
        row(waiting, RUN)
        row(claimed, EMIT)
        assert refusal(lambda: row(waiting, AWAIT))[0] == "40001"
    assert row(claimed, AWAIT)["status"] == "completed"


def test_no_child_escapes_the_cancellation_of_its_parent(dsn: str, claimed: Connection[Row]) -> None:
    with session(dsn) as starter:
        row(starter, CHILD)
        with blocked(dsn, claimed, CANCEL) as cancelled:
            starter.commit()
    assert done(cancelled.result())["status"] == "cancelled"
    assert row(claimed, "select status from work.get_execution('c')")["status"] == "cancelled"


def test_no_child_begins_under_a_parent_that_is_being_cancelled(dsn: str, claimed: Connection[Row]) -> None:
    with session(dsn) as canceller:
        row(canceller, CANCEL)
        with blocked(dsn, claimed, CHILD) as child:
            canceller.commit()
    assert reason(child.result()) == "run_ended"


def test_a_definition_changes_before_its_first_run_or_not_at_all(dsn: str, conn: Connection[Row]) -> None:
    row(conn, REGISTER, "[]")
    with session(dsn) as starter:
        row(starter, USE)
        with blocked(dsn, conn, REGISTER, '[{"name": "a"}]') as changed:
            starter.commit()
    assert reason(changed.result()) == "workflow_in_use"


def test_a_first_run_uses_the_definition_that_was_being_changed(dsn: str, conn: Connection[Row]) -> None:
    row(conn, REGISTER, "[]")
    with session(dsn) as changer:
        row(changer, REGISTER, '[{"name": "a"}]')
        with blocked(dsn, conn, USE) as started:
            changer.commit()
    assert done(started.result())["total_steps"] == 1


@pytest.mark.parametrize(
    "call",
    [
        "select work.start_execution('w')",
        "select work.claim_execution('r', 'me')",
        "insert into work.workflow_executions (run_id, workflow_id) values ('x', 'w')",
        "update work.workflow_executions set status = 'completed'",
        "update work.step_executions set output = '1'",
        "delete from work.step_executions",
        "truncate work.signals",
    ],
)
@pytest.mark.parametrize("role", ["pylayer_agent", "pylayer_analyst", "pylayer_auditor", "pylayer_admin"])
def test_tables_are_written_by_functions_alone(claimed: Connection[Row], role: str, call: str) -> None:
    may = call.startswith("select") and role in {"pylayer_agent", "pylayer_admin"}
    with claimed.transaction():
        claimed.execute(f"set local role {role}")
        if may:
            claimed.execute(call)
        else:
            assert refusal(lambda: claimed.execute(call))[0] == "42501"
            raise psycopg.Rollback


def test_a_change_that_is_rolled_back_leaves_no_event(client: pylayer.Client, dsn: str) -> None:
    with psycopg.connect(dsn) as connection:
        bound = client.using(connection)
        bound.executions.start("w", run_id="r")
        assert bound.executions.claim("r", "me").status == "running"
        connection.rollback()
    assert client.executions.list() == []
    assert client.events.query() == []


def test_changes_in_one_millisecond_are_told_in_their_order(
    client: pylayer.Client, conn: Connection[Row]
) -> None:
    conn.execute(
        "do $$ begin for n in 1..100 loop perform work.start_execution('w', p_run_id => n::text);"
        " perform work.claim_execution(n::text, 'me');"
        " perform work.complete_execution(n::text, 1); end loop; end $$"
    )
    count_all(client, conn)
    told = conn.execute(
        "select distinct array_agg(payload ->> 'to_state' order by ts, event_id) as states"
        " from telemetry.workflow_events group by run_id"
    ).fetchall()
    assert told == [{"states": ["pending", "running", "completed"]}]
    assert conn.execute("select distinct state from telemetry.run_rollups").fetchall() == [
        {"state": "completed"}
    ]
