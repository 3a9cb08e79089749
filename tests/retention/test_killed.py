"""Maintenance killed with SIGKILL at each of its stages, then run again: nothing is lost, all is done."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import Any

import psycopg
import pytest
from psycopg import Connection

import pylayer
from pylayer.config import Settings
from tests.retention.conftest import EVENTS
from tests.retention.support import Old, months_task, wait_for_the_lock
from tests.waiting import wait_until

VICTIM = """
import os, signal, sys
import pylayer
from pylayer.maintenance import maintain
def die_at(line):
    if line.startswith(sys.argv[1]):
        os.kill(os.getpid(), signal.SIGKILL)
with pylayer.connect() as client:
    print(maintain(client, die_at))
"""
# What maintenance tells before each stage, and what the catalog says of the month when it is killed there.
STAGES = {
    "raising the floor": "attached",
    "seal": "attached",
    "archive": "attached",
    "writing": "attached",
    "uploading": "attached",
    "recording": "attached",
    "reading back": "attached",
    "detach": "attached",
    "drop": "detached",
}


def start(settings: Settings, stage: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", VICTIM, stage],
        env=environment(settings),
        stdout=subprocess.PIPE,
        text=True,
    )


def environment(settings: Settings) -> dict[str, str]:
    """The variables of a process that uses the same servers."""
    assert settings.s3_access_key
    assert settings.s3_secret_key
    return os.environ | {
        "DATABASE_URL": settings.require_database_url(),
        "AWS_ENDPOINT_URL_S3": settings.s3_endpoint or "",
        "AWS_ACCESS_KEY_ID": settings.s3_access_key.get_secret_value(),
        "AWS_SECRET_ACCESS_KEY": settings.s3_secret_key.get_secret_value(),
        "S3_BUCKET": settings.s3_bucket,
    }


def kill_at(settings: Settings, stage: str) -> None:
    with start(settings, stage) as victim:
        output, _ = victim.communicate(timeout=60)
    assert victim.returncode == -signal.SIGKILL, output


def assert_gone_and_kept(client: pylayer.Client, old: Old, rows: list[dict[str, Any]]) -> None:
    """The month is gone from the database, counted once, and its archive brings back every row."""
    assert old.state() is None
    assert old.value("select telemetry.refresh_rollups()")
    assert old.counted() == EVENTS
    [archive] = [found for found in client.archives.list() if found.month == old.month]
    assert archive.rows == EVENTS
    assert archive.verified_at is not None
    with pytest.raises(pylayer.Gone):
        client.events.ingest(old.events[0])
    client.archives.restore(old.month)
    assert old.rows() == rows


@pytest.mark.parametrize("stage", STAGES)
def test_killed_before_a_stage(
    client: pylayer.Client, archiving: Old, settings: Settings, stage: str
) -> None:
    rows = archiving.rows()
    kill_at(settings, stage)
    assert archiving.state() == STAGES[stage]
    wait_for_the_lock(archiving)
    assert months_task(client).done["dropped"] == [archiving.name]
    assert_gone_and_kept(client, archiving, rows)


def test_killed_while_it_detaches(
    client: pylayer.Client, archiving: Old, settings: Settings, reader: Connection[Any]
) -> None:
    """The statement goes on in the server, and fails there: the month is neither in nor out."""
    rows = archiving.rows()
    with start(settings, "never") as victim:
        wait_until(lambda: archiving.state() == "detaching")
        victim.kill()
    wait_for_the_lock(archiving)
    assert f"{archiving.name} (locked)" in months_task(client).done["waiting"]
    reader.rollback()
    kill_at(settings, "finalize")
    assert archiving.state() == "detaching"
    wait_for_the_lock(archiving)
    assert months_task(client).done["dropped"] == [archiving.name]
    assert_gone_and_kept(client, archiving, rows)


def test_killed_while_it_waits_for_a_writer(
    client: pylayer.Client, archiving: Old, settings: Settings, dsn: str
) -> None:
    rows = archiving.rows()
    archiving.conn.execute("alter function telemetry.seal_month set lock_timeout = '5min'")
    with psycopg.connect(dsn) as writer:
        writer.execute(f"lock table {archiving.table} in row exclusive mode".encode())
        with start(settings, "never") as victim:
            waiting = "select count(*) from pg_locks where not granted and relation = %s::regclass"
            wait_until(lambda: archiving.value(waiting, archiving.table) == 1)
            victim.kill()
    wait_for_the_lock(archiving)
    assert months_task(client).done["dropped"] == [archiving.name]
    assert_gone_and_kept(client, archiving, rows)


def test_archives_that_are_switched_on_while_a_month_is_out(
    client: pylayer.Client, old: Old, settings: Settings
) -> None:
    """It is put back, archived, and taken out again."""
    rows = old.rows()
    kill_at(settings, "drop")
    assert old.state() == "detached"
    wait_for_the_lock(old)
    old.conn.execute("update core.settings set archive_enabled = true")
    kill_at(settings, "attach")
    wait_for_the_lock(old)
    assert months_task(client).done["archived"] == [old.name]
    assert_gone_and_kept(client, old, rows)
