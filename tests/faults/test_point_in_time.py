"""A recovery to a point in time: base backup and archived log, as docs/operations.md describes it.

pgBackRest does the same with the same hooks of Postgres; here it is ``pg_basebackup`` and ``cp``.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

import pylayer
from pylayer.embedded import Stack
from pylayer.embedded.binaries import postgres_folder
from tests.events.samples import step
from tests.rollups.reference import assert_exact
from tests.rollups.samples import count_all, random_event, register_types
from tests.waiting import wait_until

BATCH = 20


def archive_log(stack: Stack, folder: Path) -> None:
    """Have the server copy its log, as an operator would."""
    folder.mkdir()
    data = folder.parent / "data"
    os.chown(folder, data.stat().st_uid, data.stat().st_gid)
    with psycopg.connect(stack.environment()["DATABASE_URL"], autocommit=True) as admin:
        for name, value in {"archive_mode": "on", "archive_command": f'cp "%p" "{folder}/%f"'}.items():
            admin.execute(sql.SQL("alter system set {} = {}").format(sql.SQL(name), value))
    stack.down()
    stack.up()


def recover(stack: Stack, base: Path, log: Path, target: str) -> None:
    """Put the base backup in the place of the data, and replay the log up to the target."""
    data = base.parent / "data"
    owner = data.stat()
    shutil.rmtree(data)
    base.rename(data)
    with (data / "postgresql.auto.conf").open("a") as settings:
        settings.write(
            f"restore_command = 'cp \"{log}/%f\" \"%p\"'\nrecovery_target_name = '{target}'\n"
            "recovery_target_action = promote\narchive_mode = off\n"
        )
    (data / "recovery.signal").touch()
    for path in (data, *data.rglob("*")):
        os.chown(path, owner.st_uid, owner.st_gid)
    data.chmod(0o700)
    stack.up(migrate=False)


def test_what_came_before_the_point_is_there_and_counts_go_on(durable_stack: Stack) -> None:
    servers = durable_stack.home.path / "postgres"
    archive_log(durable_stack, servers / "wal")
    dsn = durable_stack.environment()["DATABASE_URL"]
    rng = random.Random(1)
    kept = [random_event(rng) for _ in range(BATCH)]
    late = step()
    with pylayer.connect(dsn) as client, psycopg.connect(dsn, autocommit=True, row_factory=dict_row) as conn:
        register_types(client)
        base = servers / "base"
        programs = postgres_folder() / "bin"
        subprocess.run(
            [programs / "pg_basebackup", "--dbname", dsn, "--pgdata", base, "--checkpoint=fast"], check=True
        )
        client.events.ingest_many(kept)
        count_all(conn)
        report = client.artifacts.write(type="note", content="kept", artifact_id=None)
        conn.execute("select pg_create_restore_point('here')")
        client.events.ingest_many([random_event(rng) for _ in range(BATCH)])
        client.events.ingest(late)
        client.artifacts.create_version(report.artifact_id, content="lost")
        count_all(conn)
        [wanted] = conn.execute("select pg_walfile_name(pg_switch_wal()) as name").fetchall()
        wait_until((servers / "wal" / wanted["name"]).exists, 60)
    durable_stack.down()
    recover(durable_stack, base, servers / "wal", "here")

    dsn = durable_stack.environment()["DATABASE_URL"]
    with pylayer.connect(dsn) as client, psycopg.connect(dsn, autocommit=True, row_factory=dict_row) as conn:
        wait_until(lambda: conn.execute("select where pg_is_in_recovery()").fetchone() is None, 60)
        [begun] = conn.execute("select core.advance_epoch() as epoch").fetchall()
        assert {result.status for result in client.events.ingest_many(kept)} == {"duplicate"}
        assert client.events.ingest(late).status == "created"
        client.events.ingest_many([random_event(rng) for _ in range(BATCH)])
        count_all(conn)
        assert_exact(conn)
        [progress] = conn.execute("select epoch, events from telemetry.rollup_progress").fetchall()
        assert progress == {"epoch": begun["epoch"], "events": 2 * BATCH + 1}
        assert client.artifacts.stat(report.artifact_id).version == 1
        assert client.artifacts.create_version(report.artifact_id, content="again").version == 2
