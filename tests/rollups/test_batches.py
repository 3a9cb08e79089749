"""What is counted depends on the events and their recorded order, not on how many a refresh takes at once."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from psycopg import Connection, Rollback
from ulid import ULID

import pylayer
from tests.events.samples import month_start
from tests.horizon import wait_for_horizon
from tests.rollups.reference import assert_exact
from tests.rollups.samples import change, random_event, register_types

_TABLES = ["event_rollups", "month_rollups", "state_changes", "item_rollups", "run_rollups", "cycle_rollups"]
_STATES = [None, "draft", "in_progress", "done", "completed", "cancelled"]


def refresh(conn: Connection[dict[str, Any]], limit: int) -> None:
    """Count everything, at most ``limit`` events a time."""
    while conn.execute("select behind from telemetry.refresh_rollups(%s)", [limit]).fetchall()[0]["behind"]:
        pass


def rollups(conn: Connection[dict[str, Any]]) -> dict[str, Any]:
    return {
        table: conn.execute(f"select t::text from telemetry.{table} as t order by 1".encode()).fetchall()
        for table in _TABLES
    }


def rows_read(conn: Connection[dict[str, Any]]) -> int:
    """Rows of the changes of state that this session has read lately."""
    [read] = conn.execute(
        "select coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) as rows from pg_stat_xact_user_tables "
        "where relid = 'telemetry.state_changes'::regclass"
    ).fetchall()
    return read["rows"]


def changes(rng: random.Random, start: datetime, count: int) -> list[dict[str, Any]]:
    """Changes of few items at few moments: many come late, many at the same time."""
    return [
        change(
            rng.choice(["A-1", "A-2"]),
            start + timedelta(minutes=rng.randrange(40)),
            rng.choice(_STATES),
            rng.choice(_STATES[1:]) or "",
            item_type=rng.choice(["story", "story", "bug"]),
            event_id=str(ULID.from_datetime(start + timedelta(seconds=rng.randrange(3000)))),
        )
        for _ in range(count)
    ]


def cycles(conn: Connection[dict[str, Any]]) -> dict[str, tuple[int, Decimal]]:
    """Successes and their seconds by type of item, one change after the other as they were recorded."""
    found: dict[str, tuple[int, Decimal]] = defaultdict(lambda: (0, Decimal(0)))
    known: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    order = "select * from telemetry.workflow_events order by recorded_epoch, recorded_xid, event_id"
    for event in conn.execute(order):
        item_type, state = event["payload"]["item_type"], event["payload"]["to_state"]
        told = known[event["item_id"], item_type]
        before = max(told, key=_when, default=None)
        told.append(event)
        if before and (
            _when(event) < _when(before) or before["payload"]["to_state"] in ("done", "completed")
        ):
            continue
        if state in ("done", "completed"):
            seconds = (event["ts"] - min(told, key=_when)["ts"]) / timedelta(seconds=1)
            found[item_type] = (found[item_type][0] + 1, found[item_type][1] + Decimal(str(seconds)))
    return dict(found)


def _when(event: dict[str, Any]) -> tuple[datetime, str]:
    return event["ts"], event["event_id"]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_batches_do_not_matter(client: pylayer.Client, conn: Connection[dict[str, Any]], seed: int) -> None:
    register_types(client)
    rng = random.Random(seed)
    for _ in range(12):
        some = changes(rng, month_start(-1), rng.randint(1, 20))
        client.events.ingest_many(some + [random_event(rng) for _ in range(rng.randint(1, 10))])
    wait_for_horizon(conn)
    found: list[dict[str, Any]] = []
    for limit in (100_000, 7, 1):
        with conn.transaction():
            refresh(conn, limit)
            found.append(rollups(conn))
            raise Rollback
    assert found[0] == found[1] == found[2]
    refresh(conn, 50)
    assert_exact(conn)


@pytest.mark.parametrize("limit", [1, 3, 100_000])
def test_a_success_is_counted_when_it_becomes_known(
    client: pylayer.Client, conn: Connection[dict[str, Any]], limit: int
) -> None:
    """Done, opened again, done again: two cycle times, in one batch as in several."""
    rng = random.Random(limit)
    start = month_start(-1)
    told = ["draft", "done", "done", "draft", "completed"]
    client.events.ingest_many(
        [change("B-1", start + timedelta(hours=n), None, state) for n, state in enumerate(told)]
    )
    for _ in range(20):
        client.events.ingest_many(changes(rng, start, rng.randint(1, 20)))
    wait_for_horizon(conn)
    refresh(conn, limit)
    stored = conn.execute("select * from telemetry.cycle_rollups").fetchall()
    assert {
        row["item_type"]: (sum(row["seconds_histogram"]), row["seconds_sum"]) for row in stored
    } == cycles(conn)


def test_an_item_with_many_changes_costs_no_more(
    client: pylayer.Client, conn: Connection[dict[str, Any]]
) -> None:
    start = month_start(-1)
    told = [change("A-1", start + timedelta(seconds=n), None, ["draft", "ready"][n % 2]) for n in range(2000)]
    client.events.ingest_many(told)
    wait_for_horizon(conn)
    refresh(conn, 100_000)
    client.events.ingest(change("A-1", start + timedelta(hours=1), "ready", "done"))
    wait_for_horizon(conn)
    with conn.transaction():
        before = rows_read(conn)
        refresh(conn, 100_000)
        read = rows_read(conn) - before
    assert read < 10
    assert_exact(conn)


def test_what_was_counted_before_there_was_a_mark(
    client: pylayer.Client, conn: Connection[dict[str, Any]]
) -> None:
    """The schema of older versions did not tell which change had been the last one."""
    start = month_start(-1)
    ids = [str(ULID.from_datetime(start)) for _ in range(6)]
    told = [
        change("A-1", start, None, state, event_id=id)
        for id, state in zip(sorted(ids), "abcabc", strict=True)
    ]
    for nth in (0, 3, 1):
        client.events.ingest(told[nth])
    wait_for_horizon(conn)
    refresh(conn, 100_000)
    for nth in (5, 4, 2):
        conn.execute("update telemetry.item_rollups set state_event_id = null")
        client.events.ingest(told[nth])
        wait_for_horizon(conn)
        refresh(conn, 100_000)
        assert_exact(conn)
    client.events.ingest(change("A-1", start + timedelta(hours=1), None, "done"))
    conn.execute("update telemetry.item_rollups set state_event_id = null")
    wait_for_horizon(conn)
    refresh(conn, 100_000)
    assert_exact(conn)
