"""A month on its way out: counted, sealed, detached, dropped; whoever reads or writes meanwhile."""

from __future__ import annotations

import errno
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import psycopg
import pytest
from psycopg import Connection
from psycopg.conninfo import make_conninfo

import pylayer
from pylayer.config import Settings
from pylayer.maintenance import maintain
from pylayer.retention.session import LOCK_KEY
from tests.events.samples import month_start, step, ulid_at
from tests.horizon import wait_for_horizon
from tests.retention.conftest import EVENTS
from tests.retention.support import Old, months_task, wait_for_the_lock
from tests.services import pgbouncer
from tests.waiting import wait_until


def test_an_old_month_is_counted_and_dropped(client: pylayer.Client, old: Old) -> None:
    report = months_task(client)
    assert report.done["dropped"] == [old.name]
    assert old.state() is None
    assert old.counted() == EVENTS
    assert {event.run_id for event in client.events.query()} == {"young"}
    assert months_task(client).done["dropped"] == []
    assert old.counted() == EVENTS
    assert client.retention.status().waiting_months == 0


def test_a_duplicate_of_a_dropped_event_is_refused(client: pylayer.Client, old: Old) -> None:
    months_task(client)
    for send in (lambda: client.events.ingest(old.events[0]), lambda: client.events.ingest_many(old.events)):
        with pytest.raises(pylayer.Gone) as caught:
            send()
        assert caught.value.reason == "below_retention_floor"
    old.conn.execute("update core.settings set retention_days = 3650")
    months_task(client)
    with pytest.raises(pylayer.Gone):
        client.events.ingest(old.events[0])


def test_the_floor_rises_a_day_before_anything_is_taken_out(client: pylayer.Client, old: Old) -> None:
    old.conn.execute("update core.settings set retention_grace = default")
    assert old.value("select retention_grace = interval '1 day' from core.settings")
    assert f"{old.name} (grace)" in months_task(client).done["waiting"]
    assert len(old.rows()) == EVENTS
    with pytest.raises(pylayer.Gone):
        client.events.ingest(old.events[0])
    old.conn.execute(
        "update telemetry.retired_months set raised_at = raised_at - interval '23 hours 59 minutes'"
    )
    assert months_task(client).done["dropped"] == []
    old.conn.execute("update telemetry.retired_months set raised_at = raised_at - interval '1 minute'")
    assert months_task(client).done["dropped"] == [old.name]


def test_a_month_waits_until_all_of_it_is_counted(client: pylayer.Client, old: Old, dsn: str) -> None:
    """A transaction that is still open holds the rollups back; what committed after it is not counted yet."""
    with psycopg.connect(dsn) as holder:
        holder.execute("select pg_current_xact_id()")
        old.conn.execute("update core.settings set retention_days = 90")
        client.events.ingest(step(ulid_at(old.month)))
        old.conn.execute("update core.settings set retention_days = 1")
        assert f"{old.name} (not_counted)" in months_task(client).done["waiting"]
        assert len(old.rows()) == EVENTS + 1
    wait_for_horizon(old.conn)
    assert months_task(client).done["dropped"] == [old.name]
    assert old.counted() == EVENTS + 1


def test_a_long_query_delays_the_drop_and_nothing_else(
    client: pylayer.Client, old: Old, reader: Connection[Any]
) -> None:
    assert f"{old.name} (locked)" in months_task(client).done["waiting"]
    assert old.state() == "detaching"
    assert client.events.ingest(step()).status == "created"
    assert client.events.make_months_ahead(9)[-1].created, "a month can be made"
    assert months_task(client).done["dropped"] == []
    assert reader.execute("select count(*) from telemetry.workflow_events").fetchone() == (EVENTS + 1,)
    reader.rollback()
    assert months_task(client).done["dropped"] == [old.name]
    assert old.counted() == EVENTS


def test_a_second_month_waits_its_turn(
    client: pylayer.Client, old: Old, reader: Connection[Any], dsn: str
) -> None:
    """One month at a time can be half out; the next one, and all other upkeep, must not fail for it."""
    old.conn.execute("update core.settings set retention_days = 90")
    older = month_start(-3)
    client.events.ingest(step(ulid_at(older)))
    old.conn.execute("update core.settings set retention_days = 1")
    names = [f"{older:%Y-%m}", old.name]
    with psycopg.connect(dsn) as also_reads:
        also_reads.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        also_reads.execute("select count(*) from telemetry.workflow_events")
        wait_for_horizon(old.conn)
        waiting = months_task(client).done["waiting"]
        assert waiting == [f"{names[0]} (locked)", f"{names[1]} (another_detaching)"]
    reader.rollback()
    assert months_task(client).done["dropped"] == names


@pytest.mark.parametrize("fault", [OSError(errno.ENOSPC, "full"), psycopg.errors.DiskFull("full\nfull")])
def test_a_fault_of_one_part_stops_no_other(
    client: pylayer.Client, archiving: Old, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    """A disk without room for the archive, or an error of the server that no table names."""
    monkeypatch.setattr("pylayer.archive.writing.write_parquet", Mock(side_effect=fault))
    reports = maintain(client)
    assert [report.task for report in reports if not report.ok] == ["months"]
    assert [report.task for report in reports[:3]] == ["partitions", "rollups", "months"]
    assert {"uploads", "ingest counts", "tasks"} < {report.task for report in reports[3:]}
    assert archiving.name in (reports[2].error or "")
    assert len(archiving.rows()) == EVENTS
    monkeypatch.undo()
    assert months_task(client).done["dropped"] == [archiving.name]


def test_ingestion_goes_on_while_a_month_waits_to_be_detached(
    client: pylayer.Client, old: Old, reader: Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pylayer.retention.session._LOCK_SECONDS", 300.0)  # it waits until the reader is gone
    with ThreadPoolExecutor(1) as pool, reader:
        running = pool.submit(months_task, client)
        wait_until(lambda: old.state() == "detaching")
        assert client.events.ingest(step()).status == "created"
        assert old.value("select count(*) from telemetry.make_months_ahead(12)") == 13
        assert old.state() == "detaching"
        reader.rollback()
        assert running.result(60).done["dropped"] == [old.name]


def test_a_writer_that_is_not_done_is_waited_for(client: pylayer.Client, old: Old, dsn: str) -> None:
    """Its event is in the month, and no count may miss it."""
    with psycopg.connect(dsn) as writer:
        old.conn.execute("update core.settings set retention_days = 90")
        client.using(writer).events.ingest(step(ulid_at(old.month)))
        old.conn.execute("update core.settings set retention_days = 1")
        assert f"{old.name} (locked)" in months_task(client).done["waiting"]
        assert old.state() == "attached"
    wait_for_horizon(old.conn)
    assert months_task(client).done["dropped"] == [old.name]
    assert old.counted() == EVENTS + 1


@pytest.mark.parametrize("single", [True, False])
@pytest.mark.parametrize("dropped", [True, False])
def test_a_writer_that_sees_an_old_floor_adds_nothing(
    client: pylayer.Client, old: Old, dsn: str, single: bool, dropped: bool
) -> None:
    """A transaction of a higher isolation level reads the floor as it was, days later too."""
    with psycopg.connect(dsn) as late:
        late.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        late.execute("select retention_floor from core.settings")
        client.retention.raise_floor()
        if dropped:
            assert months_task(client).done["dropped"] == [old.name]
        else:
            client.retention.seal(old.month)
        calls = client.using(late).events
        with pytest.raises(pylayer.Retryable) as caught:
            calls.ingest(step(ulid_at(old.month))) if single else calls.ingest_many([old.events[0], step()])
        assert caught.value.code == "40001"
        late.rollback()
        with pytest.raises(pylayer.Gone):
            calls.ingest(old.events[0])
    assert old.state() == (None if dropped else "attached")


def test_one_maintenance_at_a_time(client: pylayer.Client, old: Old, dsn: str) -> None:
    with psycopg.connect(dsn) as other:
        other.execute("select pg_advisory_lock(%s)", (LOCK_KEY,))
        [report] = maintain(client)
        assert report.ok
        assert report.done.keys() == {"skipped"}
    wait_for_the_lock(old)
    assert months_task(client).done["dropped"] == [old.name]


def test_a_pooler_is_refused(old: Old, settings: Settings, dsn: str, tmp_path: Path) -> None:
    """It gives no session of one's own, and a lock would stay with whoever comes next."""
    with pgbouncer(tmp_path, dsn) as pooled, pylayer.connect(pooled, settings=settings) as client:
        [report] = maintain(client)
    assert not report.ok
    assert "DATABASE_DIRECT_URL" in (report.error or "")
    assert old.state() == "attached"


def test_a_month_that_is_not_what_was_counted_stays(client: pylayer.Client, old: Old) -> None:
    client.retention.raise_floor()
    old.value("select telemetry.refresh_rollups()")
    client.retention.seal(old.month)
    old.conn.execute(f"alter table telemetry.workflow_events detach partition {old.table}".encode())
    old.conn.execute(f"alter table {old.table} disable trigger all".encode())
    old.conn.execute(f"delete from {old.table} where event_id = %s".encode(), [old.events[0]["event_id"]])
    [months] = [report for report in maintain(client) if report.task == "months"]
    assert not months.ok
    with pytest.raises(pylayer.Conflict) as caught:
        client.retention.drop(old.month)
    assert caught.value.reason == "rows_differ"
    assert old.state() == "detached"


def test_without_the_owners_rights_the_month_stays(client: pylayer.Client, old: Old, dsn: str) -> None:
    old.conn.execute("drop role if exists keeper")
    old.conn.execute("create role keeper login password 'secret' in role pylayer_admin")
    try:
        with pylayer.connect(make_conninfo(dsn, user="keeper", password="secret")) as keeper:
            reports = {report.task: report for report in maintain(keeper)}
        assert not reports["months"].ok
        assert "pylayer_owner" in (reports["months"].error or "")
        assert old.state() == "attached"
        old.conn.execute("grant pylayer_owner to keeper with inherit false, set true")
        with pylayer.connect(make_conninfo(dsn, user="keeper", password="secret")) as keeper:
            assert months_task(keeper).done["dropped"] == [old.name]
    finally:
        old.conn.execute("drop role keeper")


def test_a_detached_month_is_guarded_until_it_is_dropped(client: pylayer.Client, old: Old) -> None:
    client.retention.raise_floor()
    client.retention.seal(old.month)
    old.conn.execute(
        f"alter table telemetry.workflow_events detach partition {old.table} concurrently".encode()
    )
    old.conn.execute("set session_replication_role = replica")
    for statement, code in {
        f"update {old.table} set run_id = 'x'": "PT403",
        f"delete from {old.table}": "PT403",
        f"truncate {old.table}": "PT403",
        f"insert into {old.table} select * from {old.table} limit 1": "PT410",
    }.items():
        with pytest.raises(psycopg.Error) as caught:
            old.conn.execute(statement.encode())
        assert caught.value.sqlstate == code
    assert old.value("select has_table_privilege('pylayer_agent', %s, 'select')", old.table) is False


def test_months_above_the_floor_are_left_alone(client: pylayer.Client, old: Old) -> None:
    client.events.ingest(step(ulid_at(month_start())))
    months_task(client)
    assert old.value("select count(*) from telemetry.month_tables()") >= 4
    assert len(client.events.query()) == 2
