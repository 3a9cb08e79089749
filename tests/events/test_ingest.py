"""Each event id is stored once, whoever sends it, however often, alone or in a batch."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg import Connection

import pylayer
from pylayer import Event
from tests.events.samples import last_millisecond, month_start, step, ulid_at
from tests.horizon import wait_for_horizon
from tests.waiting import wait_until


def stored(conn: Connection[Any]) -> int:
    return conn.execute("select count(*) as n from telemetry.workflow_events").fetchone()["n"]


def test_event_model_makes_its_id_once(client: pylayer.Client) -> None:
    event = Event(event_name="workflow.flow_issue", payload={"issue_type": "handoff", "impact": "low"})
    assert client.events.ingest(event).status == "created"
    assert client.events.ingest(event).status == "duplicate"
    [found] = client.events.query(event_name="workflow.flow_issue")
    assert (found.event_id, found.payload) == (event.event_id, event.payload)


def test_same_event_sent_a_thousand_times(client: pylayer.Client, dsn: str, conn: Connection[Any]) -> None:
    """8 connections, alone and in batches, ids on both sides of a month's end: one row each, one created."""
    events = [step(ulid_at(last_millisecond()), item_id=f"old-{n}") for n in range(5)]
    events += [step(ulid_at(month_start()), item_id=f"new-{n}") for n in range(5)]
    statuses: dict[str, Counter[str]] = {event["event_id"]: Counter() for event in events}
    lock, start = threading.Lock(), threading.Barrier(8)

    def send(seed: int) -> None:
        rng = random.Random(seed)
        with pylayer.connect(dsn) as own:
            start.wait()
            for _ in range(25):
                if rng.random() < 0.5:
                    results = [own.events.ingest(event) for event in rng.sample(events, len(events))]
                else:
                    batch = [event for event in events for _ in range(rng.randint(1, 2))]
                    rng.shuffle(batch)
                    results = own.events.ingest_many(batch)
                with lock:
                    for result in results:
                        statuses[result.event_id or ""][result.status] += 1

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(send, range(8)))
    assert stored(conn) == len(events)
    for counted in statuses.values():
        assert counted["created"] == 1
        assert set(counted) == {"created", "duplicate"}
        assert counted.total() >= 200

    event = events[0] | {"payload": events[0]["payload"] | {"duration_ms": 13}}
    assert client.events.ingest(event).status == "conflict"
    [kept] = client.events.query(item_id="old-0")
    assert kept.payload["duration_ms"] == 12


def test_batch_equals_single_calls(client: pylayer.Client) -> None:
    """A batch of N gives what N single calls give, ids repeated inside the batch included."""

    def batch(run: str) -> list[dict[str, Any]]:
        first, second = step(run_id=run), step(run_id=run)
        other = first | {"payload": first["payload"] | {"status": "failed"}}
        return [second, first, other, first, second, other]

    def single(event: dict[str, Any]) -> str:
        return client.events.ingest(event).status

    singles = [single(event) for event in batch("a")]
    assert [result.status for result in client.events.ingest_many(batch("b"))] == singles
    assert singles == ["created", "created", "conflict", "duplicate", "duplicate", "conflict"]


def test_row_committed_while_waiting_is_a_duplicate(
    client: pylayer.Client, dsn: str, conn: Connection[Any]
) -> None:
    """The insert waits for another session's same id; once that commits, the answer is duplicate."""
    event = step()
    with psycopg.connect(dsn) as other:
        client.using(other).events.ingest(event)
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(client.events.ingest, event)
            wait_until(
                lambda: (
                    conn.execute(
                        "select from pg_stat_activity "
                        "where wait_event_type = 'Lock' and datname = current_database()"
                    ).fetchone()
                    is not None
                )
            )
            other.commit()
            assert waiting.result(60).status == "duplicate"


def test_callers_transaction_is_never_committed(
    client: pylayer.Client, dsn: str, conn: Connection[Any]
) -> None:
    with psycopg.connect(dsn) as own:
        assert client.using(own).events.ingest(step()).status == "created"
        own.rollback()
    assert stored(conn) == 0


@pytest.mark.parametrize("limit", [2**31, 2**70])
def test_a_number_out_of_range_is_one_on_every_connection(
    client: pylayer.Client, dsn: str, limit: int
) -> None:
    with psycopg.connect(dsn) as own:
        for caller in (client, client.using(own)):
            with pytest.raises(pylayer.InvalidInput) as caught:
                caller.events.query(limit=limit)
            assert caught.value.code == "22003"


def test_ts_defaults_to_the_time_in_the_id(client: pylayer.Client) -> None:
    moment = datetime.now(UTC).replace(microsecond=123000) - timedelta(hours=1)
    client.events.ingest(step(ulid_at(moment)))
    assert client.events.query()[0].ts == moment
    same = client.events.query()[0]
    assert client.events.ingest(step(same.event_id, ts=moment.isoformat())).status == "duplicate"
    assert (
        client.events.ingest(step(same.event_id, ts=(moment + timedelta(1e-5)).isoformat())).status
        == "conflict"
    )


def test_metadata_is_not_compared(client: pylayer.Client) -> None:
    event = step(metadata={"traceparent": "00-a-b-01"})
    assert client.events.ingest(event).status == "created"
    assert client.events.ingest(event | {"metadata": {"traceparent": "00-c-d-01"}}).status == "duplicate"


def test_repeats_are_counted_and_folded(client: pylayer.Client) -> None:
    event = step()
    client.events.ingest_many([event] * 4)
    client.events.ingest(event | {"run_id": "other"})
    assert client.events.fold_ingest_counts() == {"duplicates": 3, "conflicts": 1}
    assert client.events.fold_ingest_counts() == {"duplicates": 3, "conflicts": 1}


def test_missing_months_are_made_on_the_spot(client: pylayer.Client, conn: Connection[Any]) -> None:
    """Spooled events of months nobody prepared are stored, and their months are guarded."""
    old = [step(ulid_at(month_start(-back) + timedelta(days=3))) for back in (1, 2)]
    assert {result.status for result in client.events.ingest_many([*old, step()])} == {"created"}
    for name in (f"workflow_events_p{month_start(-back):%Y%m%d}" for back in (1, 2)):
        with pytest.raises(psycopg.Error) as caught:
            conn.execute(f"truncate telemetry.{name}")
        assert caught.value.sqlstate == "PT403"


def test_two_sessions_make_the_same_month(client: pylayer.Client, dsn: str, conn: Connection[Any]) -> None:
    moment = month_start(-1) + timedelta(days=9)
    with psycopg.connect(dsn) as first:
        client.using(first).events.ingest(step(ulid_at(moment)))
        with ThreadPoolExecutor(1) as pool:
            second = pool.submit(client.events.ingest, step(ulid_at(moment)))
            wait_until(
                lambda: (
                    conn.execute(
                        "select from pg_locks where locktype = 'advisory' and not granted "
                        "and database = (select oid from pg_database where datname = current_database())"
                    ).fetchone()
                    is not None
                )
            )
            first.commit()
            assert second.result(60).status == "created"
    assert stored(conn) == 2


@pytest.mark.parametrize("isolation", ["repeatable read", "serializable"])
def test_month_made_after_the_transaction_began(
    client: pylayer.Client, dsn: str, conn: Connection[Any], isolation: str
) -> None:
    """A transaction whose snapshot is older than the month stores into it all the same."""
    month = month_start(-2)
    with psycopg.connect(dsn) as own:
        own.execute(f"set transaction isolation level {isolation}".encode())
        own.execute("select 1 from core.settings")
        client.events.ingest(step(ulid_at(month)))
        assert client.using(own).events.ingest(step(ulid_at(month))).status == "created"
        assert client.using(own).events.ingest_many([step(ulid_at(month))])[0].status == "created"
    assert stored(conn) == 3


def test_a_blocked_month_is_retryable(client: pylayer.Client, dsn: str) -> None:
    """A lock that can't be had in time is an error to try again, with nothing stored."""
    with psycopg.connect(dsn) as blocker, psycopg.connect(dsn) as own:
        blocker.execute("lock table telemetry.workflow_events in share update exclusive mode")
        with pytest.raises(pylayer.Retryable) as caught:
            client.using(own).events.ingest(step(ulid_at(month_start(-1))))
        assert caught.value.code == "55P03"


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Kolkata", "Pacific/Kiritimati"])
def test_months_are_utc_in_every_session(
    client: pylayer.Client, dsn: str, conn: Connection[Any], zone: str
) -> None:
    with psycopg.connect(dsn, autocommit=True) as own:
        own.execute("select set_config('timezone', %s, false)", [zone])
        client.using(own).events.ingest(step(ulid_at(month_start(-1) + timedelta(minutes=1))))
        client.using(own).events.make_months_ahead(6)
    bounds = conn.execute(
        """select pg_get_expr(c.relpartbound, c.oid) as bound from pg_inherits as i
        join pg_class as c on c.oid = i.inhrelid
        where i.inhparent = 'telemetry.workflow_events'::regclass order by c.relname"""
    ).fetchall()
    assert [row["bound"] for row in bounds] == [
        "FOR VALUES FROM ('{}') TO ('{}')".format(
            *(ulid_at(month_start(n))[:10] + "0" * 16 for n in (back, back + 1))
        )
        for back in range(-1, 7)
    ]


def test_restored_cluster_starts_an_epoch(client: pylayer.Client, conn: Connection[Any]) -> None:
    client.events.ingest(step())
    # as if restored from another cluster, whose server was started at another time
    conn.execute("update core.settings set system_identifier = 1, open_since = '2000-01-01'")
    client.events.ingest(step())
    client.events.ingest_many([step()])
    rows = conn.execute(
        "select recorded_epoch as e from telemetry.workflow_events order by event_id"
    ).fetchall()
    assert [row["e"] for row in rows] == [1, 2, 2]


def test_reading_order_has_no_gap(client: pylayer.Client, dsn: str, conn: Connection[Any]) -> None:
    """Below the snapshot horizon, nothing can still appear before what was read."""
    horizon = "recorded_xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
    query = (
        f"select event_id from telemetry.workflow_events where {horizon} "
        "order by recorded_epoch, recorded_xid, event_id"
    )
    early, late = step(), step()
    with psycopg.connect(dsn) as slow:
        client.using(slow).events.ingest(early)
        client.events.ingest(late)
        assert conn.execute(query).fetchall() == []
        slow.commit()
    wait_for_horizon(conn)
    assert [row["event_id"] for row in conn.execute(query)] == [early["event_id"], late["event_id"]]


def test_query_pages_and_prunes(client: pylayer.Client, conn: Connection[Any]) -> None:
    events = [step(ulid_at(month_start() + timedelta(seconds=n)), run_id=f"r{n % 2}") for n in range(10)]
    client.events.ingest_many(events)
    first = client.events.query(run_id="r1", limit=3)
    rest = client.events.query(run_id="r1", limit=3, after=first[-1].event_id)
    assert [e.event_id for e in [*first, *rest]] == [e["event_id"] for e in events if e["run_id"] == "r1"]
    window = client.events.query(month_start() + timedelta(seconds=2), month_start() + timedelta(seconds=4))
    assert [e.event_id for e in window] == [events[2]["event_id"], events[3]["event_id"]]
    with conn.transaction():
        conn.execute("set local enable_partition_pruning = on")
        conn.execute("load 'auto_explain'")
        conn.execute("set local auto_explain.log_min_duration = 0")
        conn.execute("set local auto_explain.log_nested_statements = on")
        conn.execute("set local client_min_messages = log")
        notices: list[str] = []
        conn.add_notice_handler(lambda notice: notices.append(notice.message_primary or ""))
        conn.execute(
            "select * from telemetry.events_between(%s, %s)",
            [month_start(1) - timedelta(days=20), month_start(1)],
        )
    plan = next(text for text in notices if "workflow_events" in text)
    touched = {name for name in (f"p{month_start(n):%Y%m%d}" for n in range(-3, 4)) if name in plan}
    assert touched <= {f"p{month_start():%Y%m%d}", f"p{month_start(1):%Y%m%d}"}


@pytest.mark.parametrize("role", ["pylayer_agent"])
def test_agent_calls_the_api(dsn: str, role: str) -> None:
    with pylayer.connect(dsn, role=role) as agent:
        assert agent.events.ingest(step()).created
        assert agent.events.ingest_many([step(), step()])[1].created
        assert len(agent.events.query()) == 3
        forbidden: list[Callable[[], Any]] = [
            agent.events.fold_ingest_counts,
            agent.events.make_months_ahead,
            lambda: agent.events.open_backfill(month_start(-1), month_start()),
            lambda: agent.events.register_event_type("x.y", {}),
        ]
        for call in forbidden:
            with pytest.raises(pylayer.Forbidden) as caught:
                call()
            assert caught.value.code == "42501"


@pytest.mark.parametrize("attempt", range(3))
def test_many_sessions_meet_a_month_that_is_just_made(dsn: str, conn: Connection[Any], attempt: int) -> None:
    """Nobody's insert falls into the moment in which a month is there but not yet known to every session."""
    start = threading.Barrier(8)

    def send(number: int) -> None:
        with pylayer.connect(dsn) as own:
            own.events.query()
            for back in (1, 2):
                start.wait()
                event = step(ulid_at(month_start(-back) + timedelta(hours=number)))
                result = own.events.ingest(event) if number % 2 else own.events.ingest_many([event])[0]
                assert result.created

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(send, range(8)))
    assert stored(conn) == 16
