"""The shared fixtures and the private servers do what other tests take for granted."""

from __future__ import annotations

import io
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg
import pytest
import urllib3
from minio import Minio
from psycopg import Connection

from pylayer.embedded.s3 import BUCKET
from tests.services import S3Server, minio_server, pgbouncer, rclone_server


@pytest.mark.parametrize("turn", [1, 2])
def test_each_test_has_its_own_migrated_database(conn: Connection[dict[str, Any]], turn: int) -> None:
    conn.execute("create table public.mark (turn int)")
    assert conn.execute("select count(*) as n from pg_namespace where nspname = 'telemetry'").fetchone() == {
        "n": 1
    }


@pytest.mark.parametrize("run", [rclone_server, minio_server])
def test_private_s3_server_takes_and_gives_bytes_until_killed(run: Any, tmp_path: Path) -> None:
    with run(tmp_path / "s3") as server:
        pool = urllib3.PoolManager(retries=False)
        client = _client(server, pool)
        client.put_object(BUCKET, "a/b", io.BytesIO(b"hello"), 5)
        answer = client.get_object(BUCKET, "a/b")
        assert answer.data == b"hello"
        answer.release_conn()
        server.kill()
        with pytest.raises(urllib3.exceptions.HTTPError):
            client.stat_object(BUCKET, "a/b")
        pool.clear()


def test_pgbouncer_is_in_transaction_mode(dsn: str, tmp_path: Path) -> None:
    with pgbouncer(tmp_path / "bouncer", dsn) as through, ExitStack() as opened:
        connections = [
            opened.enter_context(psycopg.connect(through, autocommit=True, prepare_threshold=None))
            for _ in range(8)
        ]
        backends = {row[0] for c in connections for row in c.execute("select pg_backend_pid()")}
        assert len(backends) < len(connections)  # an idle client holds no server connection
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(through, options="-c work_mem=1MB", connect_timeout=5)


def _client(server: S3Server, pool: urllib3.PoolManager) -> Minio:
    keys = server.environment["AWS_ACCESS_KEY_ID"], server.environment["AWS_SECRET_ACCESS_KEY"]
    return Minio(server.endpoint.removeprefix("http://"), *keys, secure=False, http_client=pool)
