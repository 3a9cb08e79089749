"""The rollups across clusters: a dump restored into another one, and a server that is killed."""

from __future__ import annotations

import os
import random
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import psycopg
import pytest
from psycopg import Connection
from psycopg.rows import dict_row

import pylayer
from pylayer.embedded import Stack
from pylayer.embedded.binaries import postgres_folder
from tests.rollups.reference import assert_exact
from tests.rollups.samples import count_all, random_event, register_types
from tests.waiting import wait_until


def dump_and_restore(source: str, target: str) -> None:
    """Move a database as an operator would, into an empty one."""
    programs = postgres_folder() / "bin"
    dump = subprocess.run([programs / "pg_dump", "-Fc", source], check=True, capture_output=True).stdout
    subprocess.run([programs / "pg_restore", "--exit-on-error", "-d", target], check=True, input=dump)


@pytest.fixture
def other_cluster(durable_stack: Stack) -> str:
    """An empty database in a cluster whose transaction ids are low."""
    url = durable_stack.environment()["DATABASE_URL"]
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute("create database restored")
    return url.rsplit("/", 1)[0] + "/restored"


def fill(client: pylayer.Client, seed: int, batches: int) -> None:
    rng = random.Random(seed)
    for _ in range(batches):
        client.events.ingest_many([random_event(rng) for _ in range(20)])


def test_a_dump_restored_into_another_cluster(
    client: pylayer.Client, conn: Connection[Any], other_cluster: str
) -> None:
    """What was counted before the dump is not counted again; what was not, and what comes after, is."""
    register_types(client)
    fill(client, 1, 5)
    count_all(conn)
    for _ in range(4000):  # so that the transaction ids of the dump lie above those of the other cluster
        conn.execute("select pg_current_xact_id()")
    fill(client, 2, 3)
    assert conn.execute("select refresh.events from telemetry.refresh_rollups(7) as refresh").fetchone()
    dump_and_restore(conn.info.dsn + f" password={conn.info.password}", other_cluster)

    with (
        pylayer.connect(other_cluster) as moved,
        psycopg.connect(other_cluster, autocommit=True, row_factory=dict_row) as there,
    ):
        [before] = there.execute("select max(recorded_xid) as xid from telemetry.workflow_events").fetchall()
        fill(moved, 3, 4)
        [now] = there.execute("select pg_current_xact_id()::text::bigint as xid").fetchall()
        assert now["xid"] < before["xid"]
        count_all(there)
        assert_exact(there)
        [progress] = there.execute("select epoch, events from telemetry.rollup_progress").fetchall()
        assert progress == {"epoch": 2, "events": 12 * 20}


@pytest.mark.parametrize("table", ["event_rollups", "run_rollups"])
def test_a_session_killed_in_the_middle_of_a_refresh(durable_stack: Stack, table: str) -> None:
    """SIGKILL, after which the server ends every session and recovers: nothing of the refresh is there."""
    dsn = durable_stack.environment()["DATABASE_URL"]
    with pylayer.connect(dsn) as client:
        register_types(client)
        fill(client, 4, 5)
    with (
        closing(psycopg.connect(dsn)) as blocker,
        closing(psycopg.connect(dsn, autocommit=True)) as watcher,
        closing(psycopg.connect(dsn)) as victim,
        ThreadPoolExecutor(1) as pool,
    ):
        blocker.execute(f"lock table telemetry.{table} in share mode".encode())
        refresh = pool.submit(victim.execute, "select * from telemetry.refresh_rollups()")
        waiting = "select from pg_stat_activity where wait_event_type = 'Lock'"
        wait_until(lambda: watcher.execute(waiting).fetchone() is not None)
        os.kill(victim.info.backend_pid, signal.SIGKILL)
        with pytest.raises(psycopg.OperationalError):
            refresh.result(30)
        with pytest.raises(psycopg.OperationalError):  # until the others are ended, new ones are let in
            wait_until(lambda: watcher.execute("select").rowcount < 0, 60)

    wait_until(lambda: is_up(dsn), 60)
    with psycopg.connect(dsn, autocommit=True, row_factory=dict_row) as conn:
        assert conn.execute("select events from telemetry.rollup_progress").fetchall() == [{"events": 0}]
        assert conn.execute("select from telemetry.event_rollups").fetchone() is None
        count_all(conn)
        assert_exact(conn)


def is_up(dsn: str) -> bool:
    try:
        psycopg.connect(dsn).close()
    except psycopg.OperationalError:
        return False
    return True
