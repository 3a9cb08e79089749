"""Sessions that meet over one item, and what a rollback leaves."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from tests.work.sessions import Row, blocked, refusal, row, session

MOVE = "select * from work.transition_item(%s, %s, %s)"
DEPEND = "select work.add_dependency(%s, %s)"
_ROUNDS = 12
_WORKERS = 6


@pytest.fixture
def item(conn: Connection[Row]) -> str:
    for item_id in ("A", "B", "C", "D"):
        conn.execute("select work.create_item('task', 'x', p_item_id => %s)", [item_id])
    return "A"


def outcome(result: Row | psycopg.Error) -> Any:
    """The number of a change of state, or the reason of a refusal."""
    return result["seq"] if isinstance(result, dict) else result.diag.constraint_name


def states_of_events(conn: Connection[Row], item_id: str) -> list[str]:
    found = conn.execute(
        "select payload ->> 'to_state' as state from telemetry.workflow_events "
        "where item_id = %s and event_name = 'workflow.item_state_changed' order by recorded_at, event_id",
        [item_id],
    )
    return [event["state"] for event in found]


def history(conn: Connection[Row], item_id: str) -> list[Row]:
    return conn.execute(
        "select * from work.item_transitions where item_id = %s order by seq", [item_id]
    ).fetchall()


def test_of_two_that_expect_the_same_state_one_wins(dsn: str, conn: Connection[Row], item: str) -> None:
    with session(dsn) as first:
        row(first, MOVE, item, "ready", "backlog")
        with blocked(dsn, conn, MOVE, item, "in_progress", "backlog") as second:
            first.commit()
    assert outcome(second.result()) == "stale_state"
    assert states_of_events(conn, item) == ["backlog", "ready"]


def test_one_that_expects_nothing_moves_on_from_the_winners_state(
    dsn: str, conn: Connection[Row], item: str
) -> None:
    with session(dsn) as first:
        row(first, MOVE, item, "ready", "backlog")
        with blocked(dsn, conn, MOVE, item, "in_progress", None) as second:
            first.commit()
    assert outcome(second.result()) == 3
    assert [change["from_state"] for change in history(conn, item)] == [None, "backlog", "ready"]


def test_a_rolled_back_change_leaves_nothing_and_its_number_is_free(
    dsn: str, conn: Connection[Row], item: str
) -> None:
    with session(dsn) as first:
        assert outcome(row(first, MOVE, item, "ready", "backlog")) == 2
        with blocked(dsn, conn, MOVE, item, "in_progress", "backlog") as second:
            first.rollback()
    assert outcome(second.result()) == 2
    assert states_of_events(conn, item) == ["backlog", "in_progress"]
    assert [change["seq"] for change in history(conn, item)] == [1, 2]


def test_a_change_whose_event_is_refused_did_not_happen(dsn: str, conn: Connection[Row], item: str) -> None:
    conn.execute(
        "update telemetry.event_types set event_version = 99 where event_name like '%%state_changed'"
    )
    assert refusal(lambda: row(conn, MOVE, item, "ready", "backlog"))[0] == "PT422"
    assert row(conn, "select state, state_seq from work.items where item_id = %s", item) == {
        "state": "backlog",
        "state_seq": 1,
    }
    assert [change["seq"] for change in history(conn, item)] == [1]


def test_many_workers_one_winner_a_step_and_an_event_each(dsn: str, conn: Connection[Row], item: str) -> None:
    """Each worker tries each step of a walk between two states; all but one are told that they are late."""

    def worker(_: int) -> list[Any]:
        with session(dsn, autocommit=True) as mine:
            results: list[Any] = []
            for nth in range(_ROUNDS):
                here, there = ("backlog", "blocked") if nth % 2 == 0 else ("blocked", "backlog")
                while True:
                    found = row(mine, "select state, state_seq from work.items where item_id = %s", item)
                    if found["state_seq"] > nth + 1:
                        break
                    code, reason = refusal(
                        lambda to=there, expected=here: results.append(
                            row(mine, MOVE, item, to, expected)["seq"]
                        )
                    )
                    assert (code, reason) in {(None, None), ("PT409", "stale_state")}
            return results

    with ThreadPoolExecutor(_WORKERS) as threads:
        won = [seq for results in threads.map(worker, range(_WORKERS)) for seq in results]
    changes = history(conn, item)
    assert sorted(won) == [change["seq"] for change in changes][1:]
    assert set(Counter(won).values()) == {1}
    assert [change["seq"] for change in changes] == list(range(1, len(changes) + 1))
    assert len(changes) > _ROUNDS
    for before, after in pairwise(changes):
        assert after["from_state"] == before["to_state"]
        assert after["occurred_at"] >= before["occurred_at"]
    assert states_of_events(conn, item) == [change["to_state"] for change in changes]


def test_two_halves_of_a_cycle_take_turns(dsn: str, conn: Connection[Row], item: str) -> None:
    row(conn, DEPEND, "B", "C")
    with session(dsn) as first:
        row(first, DEPEND, "C", "D")
        with blocked(dsn, conn, DEPEND, "D", "B") as second:
            first.commit()
    found = second.result()
    assert isinstance(found, psycopg.Error)
    assert (found.sqlstate, found.diag.constraint_name) == ("PT409", "dependency_cycle")


def test_half_a_cycle_that_is_rolled_back_stops_nobody(dsn: str, conn: Connection[Row], item: str) -> None:
    with session(dsn) as first:
        row(first, DEPEND, "A", "B")
        with blocked(dsn, conn, DEPEND, "B", "A") as second:
            first.rollback()
    assert second.result() == {"add_dependency": True}


@pytest.mark.parametrize("level", ["repeatable read", "serializable"])
def test_dependencies_are_not_added_with_an_old_snapshot(dsn: str, item: str, level: str) -> None:
    with session(dsn) as mine:
        mine.execute(f"set transaction isolation level {level}".encode())
        assert refusal(lambda: row(mine, DEPEND, "A", "B")) == ("PT400", "isolation_level")


def test_of_two_that_make_one_item_both_get_it(dsn: str, conn: Connection[Row]) -> None:
    create = "select * from work.create_item('task', %s, p_item_id => 'N')"
    with session(dsn) as first:
        row(first, create, "x")
        with blocked(dsn, conn, create, "x") as second:
            first.commit()
    assert isinstance(found := second.result(), dict)
    assert found["item_id"] == "N"
    assert states_of_events(conn, "N") == ["backlog"]
    assert refusal(lambda: row(conn, create, "y")) == ("PT409", "item_exists")


def test_of_two_edits_of_one_version_one_wins(dsn: str, conn: Connection[Row], item: str) -> None:
    edit = "select * from work.update_item(%s, jsonb_build_object('title', %s::text), 1)"
    with session(dsn) as first:
        row(first, edit, item, "first")
        with blocked(dsn, conn, edit, item, "second") as second:
            first.commit()
    assert isinstance(found := second.result(), psycopg.Error)
    assert (found.sqlstate, found.diag.constraint_name) == ("PT409", "stale_version")


def test_of_two_that_supersede_one_decision_one_wins(dsn: str, conn: Connection[Row]) -> None:
    old = row(conn, "select decision_id from work.record_decision('q', 'a')")["decision_id"]
    supersede = "select * from work.record_decision('q', %s, p_supersedes_id => %s)"
    with session(dsn) as first:
        row(first, supersede, "b", old)
        with blocked(dsn, conn, supersede, "c", old) as second:
            first.commit()
    assert isinstance(found := second.result(), psycopg.Error)
    assert (found.sqlstate, found.diag.constraint_name) == ("PT409", "already_superseded")


def test_of_two_edits_of_a_comment_both_stay(dsn: str, conn: Connection[Row], item: str) -> None:
    comment = row(conn, "select comment_id from work.add_comment(%s, 'one', 'ada')", item)["comment_id"]
    edit = "select body, edited_by from work.edit_comment(%s, %s, %s)"
    with session(dsn) as first:
        row(first, edit, comment, "two", "bob")
        with blocked(dsn, conn, edit, comment, "three", "eve") as second:
            first.commit()
    assert second.result() == {"body": "three", "edited_by": "eve"}
    revisions = conn.execute(
        "select revision, body, written_by from work.comment_revisions order by 1"
    ).fetchall()
    assert [tuple(revision.values()) for revision in revisions] == [(1, "one", "ada"), (2, "two", "bob")]


def test_a_change_of_state_that_waited_for_a_removal_is_refused(
    dsn: str, conn: Connection[Row], item: str
) -> None:
    with session(dsn) as first:
        row(first, "select work.delete_item(%s)", item)
        with blocked(dsn, conn, MOVE, item, "ready", "backlog") as second:
            first.commit()
    assert outcome(second.result()) == "no_item"
    assert states_of_events(conn, item) == ["backlog"]


def test_an_edit_and_a_change_of_state_of_one_item_wait_for_each_other(
    dsn: str, conn: Connection[Row], item: str
) -> None:
    with session(dsn) as first:
        row(first, 'select * from work.update_item(%s, \'{"title": "new"}\')', item)
        with blocked(dsn, conn, MOVE, item, "ready", "backlog") as second:
            first.commit()
    assert outcome(second.result()) == 2
    assert row(conn, "select title, state from work.items where item_id = %s", item) == {
        "title": "new",
        "state": "ready",
    }
