"""One refresh: what it counts, what it leaves for later, and what becomes of it when it is stopped."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from psycopg import Connection

import pylayer
from pylayer.maintenance import maintain
from pylayer.rollups import Refreshed
from tests.events.samples import month_start, step, ulid_at
from tests.horizon import wait_for_horizon
from tests.rollups.reference import assert_exact
from tests.rollups.samples import change, count_all
from tests.waiting import wait_until

_TABLES = ["event_rollups", "month_rollups", "state_changes", "item_rollups", "run_rollups"]


def one(conn: Connection[Any], query: str) -> dict[str, Any]:
    [row] = conn.execute(query.encode()).fetchall()
    return row


def rows_of(conn: Connection[Any]) -> dict[str, Any]:
    """All rollups, and how far they go."""
    return {
        table: conn.execute(f"select t::text from telemetry.{table} as t order by 1".encode()).fetchall()
        for table in [*_TABLES, "rollup_progress"]
    }


def waiting(conn: Connection[Any]) -> int:
    """How many sessions wait for another one."""
    return one(
        conn,
        "select count(*) as n from pg_stat_activity "
        "where wait_event_type = 'Lock' and datname = current_database()",
    )["n"]


def is_waiting(conn: Connection[Any]) -> bool:
    return waiting(conn) > 0


def test_what_is_counted_is_not_counted_again(client: pylayer.Client, conn: Connection[Any]) -> None:
    client.events.ingest_many([step() for _ in range(10)])
    count_all(conn)
    before = rows_of(conn)
    assert client.rollups.refresh() == Refreshed(events=0, behind=False)
    after = rows_of(conn)
    assert after.pop("rollup_progress") != before.pop("rollup_progress")  # refreshed_at
    assert after == before
    total = one(
        conn, "select events, duration_ms_sum, labels from telemetry.event_rollups where grain = 'all'"
    )
    assert total == {
        "events": 10,
        "duration_ms_sum": 120,
        "labels": {"step_name": "build", "status": "succeeded"},
    }


def test_a_refresh_goes_on_where_the_last_one_stopped(client: pylayer.Client, conn: Connection[Any]) -> None:
    client.events.ingest_many([step() for _ in range(7)])
    wait_for_horizon(conn)
    refresh = "select events, behind from telemetry.refresh_rollups(3)"
    found = [one(conn, refresh) for _ in range(4)]
    assert [row["events"] for row in found] == [3, 3, 1, 0]
    assert [row["behind"] for row in found] == [True, True, False, False]
    assert_exact(conn)


def test_what_a_running_transaction_may_precede_waits(
    client: pylayer.Client, dsn: str, conn: Connection[Any]
) -> None:
    """A transaction that began earlier and ends later is not lost: what came after it waits for it."""
    with psycopg.connect(dsn) as slow:
        client.using(slow).events.ingest(step())
        client.events.ingest(step())
        assert client.rollups.refresh().events == 0
        slow.commit()
    count_all(conn)
    assert_exact(conn)


def test_a_refresh_waits_for_another(client: pylayer.Client, dsn: str, conn: Connection[Any]) -> None:
    client.events.ingest_many([step() for _ in range(5)])
    wait_for_horizon(conn)
    with psycopg.connect(dsn) as first, ThreadPoolExecutor(1) as pool:
        assert client.using(first).rollups.refresh().events == 5
        second = pool.submit(client.rollups.refresh)
        wait_until(lambda: is_waiting(conn))
        first.commit()
        assert second.result(10).events == 0
    assert_exact(conn)


def test_a_refresh_does_not_wait_for_ever(client: pylayer.Client, dsn: str, conn: Connection[Any]) -> None:
    conn.execute("alter function telemetry.refresh_rollups(integer) set lock_timeout = '100ms'")  # of 30 s
    client.events.ingest_many([step() for _ in range(5)])
    wait_for_horizon(conn)
    with psycopg.connect(dsn) as first:
        assert client.using(first).rollups.refresh().events == 5
        with pytest.raises(pylayer.Retryable) as caught:
            client.rollups.refresh()
        assert caught.value.code == "55P03"
        [report] = [report for report in maintain(client) if report.task == "rollups"]
        assert not report.ok, "the other parts run all the same"
        first.rollback()
    assert client.rollups.refresh().events == 5
    assert_exact(conn)


def test_a_refresh_of_an_old_snapshot_counts_nothing(
    client: pylayer.Client, dsn: str, conn: Connection[Any]
) -> None:
    """A transaction of a higher isolation level would go on from a mark that has moved."""
    with psycopg.connect(dsn) as late:
        late.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        late.execute("select from telemetry.rollup_progress")
        client.events.ingest_many([step() for _ in range(5)])
        wait_for_horizon(conn)
        assert client.rollups.refresh().events == 5
        with pytest.raises(pylayer.Retryable) as caught:
            client.using(late).rollups.refresh()
        assert caught.value.code == "40001"
    assert_exact(conn)


def test_a_new_epoch_waits_for_who_writes_in_the_old_one(
    client: pylayer.Client, dsn: str, conn: Connection[Any]
) -> None:
    """A refresh leaves an epoch that is over for good: what commits in it later would never be counted."""
    for _ in range(2):  # the first call of a server notes the month, and holds the row of core.settings
        client.events.ingest(step())
    with psycopg.connect(dsn) as slow, psycopg.connect(dsn) as other, ThreadPoolExecutor(2) as pool:
        client.using(slow).events.ingest(step())
        advanced = pool.submit(lambda: other.execute("select core.advance_epoch()").fetchone())
        wait_until(lambda: is_waiting(conn))
        written = pool.submit(client.events.ingest, step())
        wait_until(lambda: waiting(conn) == 2)
        slow.commit()
        assert advanced.result(10) == (2,)
        other.commit()
        assert written.result(10).created
    epochs = conn.execute(
        "select recorded_epoch, count(*) from telemetry.workflow_events group by 1 order by 1"
    )
    assert [tuple(row.values()) for row in epochs] == [(1, 3), (2, 1)]
    count_all(conn)
    assert_exact(conn)


@pytest.mark.parametrize("level", ["REPEATABLE_READ", "SERIALIZABLE"])
def test_a_snapshot_of_the_old_epoch_stores_nothing(
    client: pylayer.Client, dsn: str, conn: Connection[Any], level: str
) -> None:
    """It reads the epoch as it was, which refreshes may have left for good."""
    for _ in range(2):
        client.events.ingest(step())
    with psycopg.connect(dsn) as late:
        late.isolation_level = psycopg.IsolationLevel[level]
        calls = client.using(late)
        ways: list[Callable[[], object]] = [
            lambda: calls.events.ingest(step()),
            lambda: calls.events.ingest_many([step(), step()]),
            lambda: late.execute("select core.current_epoch()"),
        ]
        for store in ways:
            late.execute("select")
            conn.execute("select core.advance_epoch()")
            with pytest.raises((pylayer.Retryable, psycopg.errors.SerializationFailure)):
                store()
            late.rollback()
            store()
            late.commit()
    count_all(conn)
    assert one(conn, "select count(*) as n from telemetry.workflow_events")["n"] == 5
    assert_exact(conn)


@pytest.mark.parametrize("table", _TABLES)
def test_killed_at_any_table_nothing_has_changed(
    client: pylayer.Client, dsn: str, conn: Connection[Any], table: str
) -> None:
    now = datetime.now(UTC)
    client.events.ingest_many([step(), change("A-1", now, None, "draft")])
    count_all(conn)
    client.events.ingest_many([step(), step(item_id="B-1"), change("A-1", now - timedelta(1), None, "ready")])
    wait_for_horizon(conn)
    before = rows_of(conn)
    with psycopg.connect(dsn) as blocker, psycopg.connect(dsn) as victim, ThreadPoolExecutor(1) as pool:
        blocker.execute(f"lock table telemetry.{table} in share mode".encode())
        refresh = pool.submit(client.using(victim).rollups.refresh)
        wait_until(lambda: is_waiting(conn))
        conn.execute("select pg_terminate_backend(%s)", [victim.info.backend_pid])
        with pytest.raises(pylayer.Unavailable):
            refresh.result(10)
    assert rows_of(conn) == before
    assert client.rollups.refresh().events == 3
    assert_exact(conn)


def test_order_does_not_matter(client: pylayer.Client, conn: Connection[Any]) -> None:
    """What becomes known late stands where it happened: time in states, bounces, start and end."""
    start = month_start(-1) + timedelta(days=5)
    path = ["draft", "ready", "in_progress", "ready", "in_progress", "done"]
    told = [
        change("A-1", start + timedelta(hours=n), before, state)
        for n, (before, state) in enumerate(zip([None, *path], path, strict=False))
    ]
    for nth in (3, 5, 0, 4, 2, 1):
        client.events.ingest(told[nth])
        count_all(conn)
    item = one(conn, "select * from telemetry.item_rollups")
    assert item["state_seconds"] == {"draft": 3600, "ready": 7200, "in_progress": 7200}
    assert (item["bounces"], item["state_bounces"]) == (2, {"ready": 1, "in_progress": 1})
    assert (item["state"], item["outcome"], item["transitions"]) == ("done", "succeeded", 6)
    assert (item["started_at"], item["ended_at"]) == (start, start + timedelta(hours=5))
    assert_exact(conn)


def test_what_an_item_used_stands_once(client: pylayer.Client, conn: Connection[Any]) -> None:
    """In the row of the type that changed state first, whenever that becomes known."""

    def used() -> dict[str, int]:
        found = conn.execute("select item_type, events from telemetry.item_rollups order by 1").fetchall()
        return {row["item_type"]: row["events"] for row in found}

    now = datetime.now(UTC)
    client.events.ingest(step(item_id="A-1"))
    count_all(conn)
    assert used() == {"": 1}
    client.events.ingest(change("A-1", now, None, "draft", item_type="task"))
    count_all(conn)
    assert used() == {"task": 2}
    client.events.ingest(change("A-1", now - timedelta(days=1), None, "draft", item_type="story"))
    count_all(conn)
    assert used() == {"story": 3, "task": 0}
    assert_exact(conn)


def test_a_run_is_told_by_its_run_id(client: pylayer.Client, conn: Connection[Any]) -> None:
    """A change of a run's state is the run's, whatever item it works on."""
    now = datetime.now(UTC) - timedelta(minutes=5)
    client.events.ingest_many(
        [
            change("A-1", now, None, "running", item_type="workflow_run", run_id="run-1"),
            step(item_id="A-1", run_id="run-1", ts=(now + timedelta(seconds=10)).isoformat()),
            change("run-1", now + timedelta(seconds=30), "running", "failed", item_type="workflow_run"),
        ]
    )
    count_all(conn)
    run = one(conn, "select * from telemetry.run_rollups")
    assert (run["run_id"], run["state"], run["outcome"]) == ("run-1", "failed", "failed")
    assert (run["started_at"], run["ended_at"]) == (now, now + timedelta(seconds=30))
    assert (run["events"], run["steps"]) == (3, 1)
    assert_exact(conn)


def test_the_largest_values_fit(client: pylayer.Client, conn: Connection[Any]) -> None:
    """Sums beyond 64 bits, names of the greatest length, a payload's text of any length."""
    wide = "\N{GRINNING FACE}" * 500
    payload = {
        "step_name": "\N{GRINNING FACE}" * 5000,
        "status": "succeeded",
        "duration_ms": 2**53,
        "model": "m",
        "input_tokens": 2**53,
        "output_tokens": 2**53,
        "cost_usd_est": 1_000_000_000,
    }
    names = {"run_id": wide, "item_id": wide, "workflow_name": wide, "agent_role": wide, "project_id": wide}
    client.events.ingest_many([step(payload=payload, **names) for _ in range(1100)])
    at = datetime.now(UTC) - timedelta(seconds=2)
    long_type = "\N{GRINNING FACE}" * 5000
    client.events.ingest(change(wide, at, wide * 3, wide * 2, item_type=long_type, run_id=wide))
    count_all(conn)
    run = one(conn, "select input_tokens, cost_usd from telemetry.run_rollups")
    assert run == {"input_tokens": Decimal(1100 * 2**53), "cost_usd": Decimal(1_100_000_000_000)}
    item = one(conn, "select length(item_type) as n, steps from telemetry.item_rollups")
    assert item == {"n": 128, "steps": 1100}


def test_events_of_every_month_are_counted_by_their_month(
    client: pylayer.Client, conn: Connection[Any]
) -> None:
    for back in range(3):
        client.events.ingest_many([step(ulid_at(month_start(-back))) for _ in range(back + 1)])
    count_all(conn)
    found = conn.execute("select month, events from telemetry.month_rollups order by month desc").fetchall()
    assert [(row["month"], row["events"]) for row in found] == [(month_start(-n), n + 1) for n in range(3)]


def test_maintenance_counts(client: pylayer.Client, conn: Connection[Any]) -> None:
    client.events.ingest(step())
    wait_for_horizon(conn)
    [report] = [report for report in maintain(client) if report.task == "rollups"]
    assert (report.ok, report.done) == (True, {"events": 1, "behind": False})


def test_only_admins_refresh(dsn: str) -> None:
    def refresh(role: str) -> Refreshed:
        with pylayer.connect(dsn, role=role) as client:
            return client.rollups.refresh()

    assert not refresh("pylayer_admin").behind
    for role in ("pylayer_agent", "pylayer_analyst", "pylayer_auditor"):
        with pytest.raises(pylayer.Forbidden) as caught:
            refresh(role)
        assert caught.value.code == "42501"
