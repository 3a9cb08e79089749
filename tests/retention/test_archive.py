"""Archives: written, read back, checked; a month that comes back is what it was."""

from __future__ import annotations

import asyncio
import itertools
import signal
import subprocess
import sys
from typing import Any

import psycopg
import pytest

import pylayer
from pylayer.config import Settings
from pylayer.maintenance import maintain
from tests.events.samples import month_start
from tests.retention.conftest import EVENTS
from tests.retention.support import Old, months_task
from tests.retention.test_killed import environment

KILLED_RESTORE = """
import itertools, os, signal, sys
from datetime import datetime
import pylayer
from pylayer.archive import parquet
parquet._RESTORED_AT_ONCE = 100
original, calls = pylayer.Client._call_once, itertools.count()
def call_once(self, step):
    if {name!r} in step.sql and next(calls) == {nth}:
        os.kill(os.getpid(), signal.SIGKILL)
    return original(self, step)
pylayer.Client._call_once = call_once
with pylayer.connect() as client:
    client.archives.restore(datetime.fromisoformat(sys.argv[1]))
"""


def test_a_month_comes_back_as_it_was(client: pylayer.Client, archiving: Old) -> None:
    rows = archiving.rows()
    report = months_task(client)
    assert (report.done["archived"], report.done["dropped"]) == ([archiving.name], [archiving.name])
    assert archiving.rows() == []

    restored = client.archives.restore(archiving.month, days=3)
    assert restored.dropped_at is None
    assert archiving.rows() == rows
    assert {row["recorded_xid"] for row in rows} == {rows[0]["recorded_xid"]}
    assert len(client.events.query(run_id="run-1")) == sum(row["run_id"] == "run-1" for row in rows)
    archiving.value("select telemetry.refresh_rollups()")
    assert archiving.counted() == EVENTS, "it is not counted again"
    with pytest.raises(pylayer.Gone):
        client.events.ingest(archiving.events[0])
    assert archiving.value("select count(*) from telemetry.workflow_events") == EVENTS + 1


def test_a_restored_month_is_sealed_and_leaves_again(client: pylayer.Client, archiving: Old) -> None:
    months_task(client)
    client.archives.restore(archiving.month, days=1)
    archiving.conn.execute("set session_replication_role = replica")
    for statement in (f"delete from {archiving.table}", f"truncate {archiving.table}"):
        with pytest.raises(psycopg.Error) as caught:
            archiving.conn.execute(statement.encode())
        assert caught.value.sqlstate == "PT403"
    archiving.conn.execute("reset session_replication_role")
    assert f"{archiving.name} (restored)" in months_task(client).done["waiting"]
    archiving.conn.execute("update telemetry.retired_months set kept_until = now()")
    report = months_task(client)
    assert (report.done["archived"], report.done["dropped"]) == ([], [archiving.name])
    client.archives.restore(archiving.month)
    assert len(archiving.rows()) == EVENTS


def test_a_restored_month_stays_when_its_archive_is_lost(client: pylayer.Client, archiving: Old) -> None:
    """It was read back when it was written; by the time when the month leaves again, that says little."""
    months_task(client)
    [archive] = client.archives.list()
    client.archives.restore(archiving.month, days=1)
    with client.blobs.get(archive.storage_key) as stream:
        good = stream.read()
    client.blobs.delete(archive.storage_key)
    archiving.conn.execute("update telemetry.retired_months set kept_until = now()")
    archiving.conn.execute("update telemetry.archives set verified_at = now() - interval '25 hours'")
    reports = {report.task: report for report in maintain(client)}
    assert not reports["months"].ok
    assert archiving.state() == "attached"
    assert len(archiving.rows()) == EVENTS
    client.blobs.put(archive.storage_key, good)
    assert months_task(client).done["dropped"] == [archiving.name]


@pytest.mark.parametrize(
    ("name", "nth"), [("restore_events", 0), ("restore_events", 2), ("finish_restore", 0)]
)
def test_a_restore_that_is_killed_is_begun_anew(
    client: pylayer.Client, archiving: Old, settings: Settings, name: str, nth: int
) -> None:
    rows = archiving.rows()
    months_task(client)
    program = KILLED_RESTORE.format(name=name, nth=nth)
    done = subprocess.run(
        [sys.executable, "-c", program, archiving.month.isoformat()], env=environment(settings), check=False
    )
    assert done.returncode == -signal.SIGKILL
    assert archiving.state() == "restoring"
    assert archiving.rows() == [], "nobody sees half a month"
    assert f"{archiving.name} (restoring)" in months_task(client).done["waiting"]
    client.archives.restore(archiving.month)
    assert archiving.rows() == rows


def test_what_a_killed_restore_left_is_swept(client: pylayer.Client, archiving: Old) -> None:
    months_task(client)
    archiving.conn.execute("select telemetry.begin_restore(%s)", [archiving.month])
    archiving.conn.execute(
        "update telemetry.retired_months set restoring_since = now() - interval '25 hours'"
    )
    months_task(client)
    assert archiving.state() is None
    assert client.archives.restore(archiving.month).rows == EVENTS


def test_a_month_that_is_there_is_not_restored(client: pylayer.Client, archiving: Old) -> None:
    months_task(client)
    client.archives.restore(archiving.month)
    with pytest.raises(pylayer.Conflict) as caught:
        client.archives.restore(archiving.month)
    assert caught.value.reason == "month_present"
    assert len(archiving.rows()) == EVENTS


def test_a_damaged_archive_is_found(client: pylayer.Client, archiving: Old) -> None:
    months_task(client)
    [archive] = client.archives.list()
    assert client.archives.verify(archiving.month).verified_at != archive.verified_at
    with client.blobs.get(archive.storage_key) as stream:
        good = stream.read()
    flipped = bytearray(good)
    flipped[len(good) // 2] ^= 1
    for bad in (bytes(flipped), good[:-1], b"", b"PAR1"):
        client.blobs.put(archive.storage_key, bad)
        for use in (client.archives.verify, client.archives.restore):
            with pytest.raises(pylayer.Conflict) as caught:
                use(archiving.month)
            assert caught.value.reason == "archive_differs"
    client.blobs.delete(archive.storage_key)
    with pytest.raises(pylayer.NotFound) as missing:
        client.archives.verify(archiving.month)
    assert missing.value.reason == "no_such_object"
    assert archiving.state() is None
    client.blobs.put(archive.storage_key, good)
    assert client.archives.restore(archiving.month).rows == EVENTS


def test_without_object_storage_nothing_is_dropped(archiving: Old, dsn: str) -> None:
    with pylayer.connect(settings=Settings(DATABASE_URL=dsn)) as client:
        reports = {report.task: report for report in maintain(client)}
    assert not reports["months"].ok
    assert len(archiving.rows()) == EVENTS


def test_an_archive_that_does_not_read_back_right_keeps_the_month(
    client: pylayer.Client, archiving: Old, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = client.blobs.put

    def damaged(key: str, source: Any, size: int | None = None, **options: Any) -> str:
        content_hash = put(key, source, size, **options)
        put(key, b"something else")
        return content_hash

    monkeypatch.setattr(client.blobs, "put", damaged)
    reports = {report.task: report for report in maintain(client)}
    assert not reports["months"].ok
    assert len(archiving.rows()) == EVENTS
    assert client.archives.list()[0].verified_at is None
    monkeypatch.undo()
    assert months_task(client).done["dropped"] == [archiving.name]


@pytest.mark.parametrize(("name", "nth"), [("get", 0), ("abort_multipart", 0), ("put", 0), ("get", 1)])
def test_object_storage_that_goes_away_in_the_middle(
    client: pylayer.Client, archiving: Old, monkeypatch: pytest.MonkeyPatch, name: str, nth: int
) -> None:
    """At whichever call it is gone, the month stays, and the next maintenance goes on."""
    original, calls = getattr(client.blobs, name), itertools.count()

    def gone(*args: Any, **options: Any) -> Any:
        if next(calls) == nth:
            raise pylayer.Unavailable("object storage is away", reason="no_object_storage")
        return original(*args, **options)

    monkeypatch.setattr(client.blobs, name, gone)
    reports = {report.task: report for report in maintain(client)}
    assert [task for task, report in reports.items() if not report.ok] == ["months"]
    assert len(archiving.rows()) == EVENTS
    assert months_task(client).done["dropped"] == [archiving.name]
    assert client.archives.restore(archiving.month).rows == EVENTS


def test_an_archive_of_another_database_is_not_replaced(client: pylayer.Client, archiving: Old) -> None:
    """The months of all databases have the same keys, and that one may have dropped the month already."""
    key = client.archives.key(archiving.month)
    client.blobs.put(key, b"another database's only copy")
    reports = {report.task: report for report in maintain(client)}
    assert not reports["months"].ok
    with client.blobs.get(key) as stream:
        assert stream.read() == b"another database's only copy"
    assert len(archiving.rows()) == EVENTS
    client.blobs.delete(key)
    assert months_task(client).done["dropped"] == [archiving.name]


def test_an_empty_month(client: pylayer.Client, archiving: Old) -> None:
    """It has an archive like any other."""
    archiving.conn.execute("update core.settings set retention_days = 90")
    [empty] = client.events.open_backfill(_month_before(archiving), archiving.month)
    archiving.conn.execute("update core.settings set retention_days = 1")
    assert len(months_task(client).done["dropped"]) == 2
    assert [found.rows for found in client.archives.list()] == [0, EVENTS]
    assert client.archives.restore(empty.month).rows == 0


def _month_before(old: Old) -> Any:
    return old.value("select %s::timestamptz - interval '1 month'", old.month)


@pytest.mark.parametrize("days", [0, -1, 3651])
def test_a_time_that_is_none_is_refused_at_once(client: pylayer.Client, archiving: Old, days: int) -> None:
    months_task(client)
    with pytest.raises(pylayer.InvalidInput) as caught:
        client.archives.restore(archiving.month, days=days)
    assert caught.value.reason == "invalid_days"
    assert archiving.state() is None, "nothing was begun"


def test_an_archive_of_no_month_is_refused(client: pylayer.Client) -> None:
    with pytest.raises(pylayer.NotFound) as caught:
        client.archives.verify(month_start())
    assert caught.value.reason == "no_archive"


def test_the_async_client_restores_too(client: pylayer.Client, archiving: Old, settings: Settings) -> None:
    rows = archiving.rows()
    months_task(client)

    async def restore() -> None:
        async with await pylayer.connect_async(settings=settings) as other:
            assert (await other.archives.verify(archiving.month)).rows == EVENTS
            await other.archives.restore(archiving.month)

    asyncio.run(restore())
    assert archiving.rows() == rows
