"""Private servers for single tests: S3 servers that can be killed, and PgBouncer in transaction mode."""

from __future__ import annotations

import signal
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest
import urllib3
from minio import Minio
from psycopg.conninfo import conninfo_to_dict

from pylayer.embedded.account import Account
from pylayer.embedded.process import Identity, free_port, launch, log_tail, stop, wait_until
from pylayer.embedded.s3 import BUCKET, REGION, S3
from pylayer.embedded.services import find_minio, find_pgbouncer, pgbouncer_libraries
from pylayer.embedded.state import Home, State

_KILL = (signal.SIGKILL, 10.0)
_TERMINATE = (signal.SIGTERM, 10.0)


@dataclass
class S3Server:
    """A private S3 server with an empty bucket.

    Attributes:
        environment: the variables of a client (``AWS_ENDPOINT_URL_S3``, keys, region, ``S3_BUCKET``).
    """

    environment: dict[str, str]
    process: Identity = field(repr=False)

    @property
    def endpoint(self) -> str:
        return self.environment["AWS_ENDPOINT_URL_S3"]

    def kill(self) -> None:
        """End it with SIGKILL and wait until it is gone."""
        stop(self.process, _KILL)


def _environment(port: int | None, access_key: str, secret_key: str) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": access_key,
        "AWS_SECRET_ACCESS_KEY": secret_key,
        "AWS_REGION": REGION,
        "S3_BUCKET": BUCKET,
        "S3_FORCE_PATH_STYLE": "true",
    }


@contextmanager
def rclone_server(folder: Path) -> Generator[S3Server]:
    """Run ``rclone serve s3`` over ``folder``; a later server there keeps port, keys and data."""
    home = Home(folder)
    home.create()
    state = home.load() or State()
    server = S3(home)
    server.start(state)
    home.save(state)
    assert state.s3.process is not None
    try:
        yield S3Server(
            _environment(state.s3.port, state.s3_access_key, state.s3_secret_key), state.s3.process
        )
    finally:
        server.stop(state)


@contextmanager
def minio_server(folder: Path) -> Generator[S3Server]:
    """Run MinIO over ``folder``; skips where it is not installed."""
    program = find_minio()
    if program is None:
        pytest.skip("MinIO is not installed, and Go to compile it is missing: make services")
    port, access_key, secret_key = free_port(), "test-access-key", "test-secret-key"
    folder.mkdir(parents=True, exist_ok=True)
    environment = {
        "HOME": str(folder),
        "MINIO_ROOT_USER": access_key,
        "MINIO_ROOT_PASSWORD": secret_key,
        "MINIO_BROWSER": "off",
    }
    command = [program, "server", "--quiet", f"--address=127.0.0.1:{port}", folder / "data"]
    process = launch(command, cwd=folder, log=folder / "minio.log", environment=environment)
    try:
        pool = urllib3.PoolManager(retries=False, timeout=5.0)
        client = Minio(
            f"127.0.0.1:{port}", access_key, secret_key, secure=False, region=REGION, http_client=pool
        )
        assert wait_until(lambda: _has_bucket(client), seconds=60), log_tail(folder / "minio.log")
        pool.clear()
        yield S3Server(_environment(port, access_key, secret_key), process)
    finally:
        stop(process, _TERMINATE, _KILL)


def _has_bucket(client: Minio) -> bool:
    try:
        if not client.bucket_exists(BUCKET):
            client.make_bucket(BUCKET)
    except Exception:  # whatever a server says that is still starting
        return False
    return True


@contextmanager
def pgbouncer(folder: Path, dsn: str) -> Generator[str]:
    """Run PgBouncer in transaction mode before the server of ``dsn``; yields the DSN through it."""
    program = find_pgbouncer()
    if program is None:
        pytest.skip("PgBouncer is not installed: make services")
    target = conninfo_to_dict(dsn)
    port = free_port()
    folder.mkdir(parents=True, exist_ok=True)
    account = Account.for_servers(folder)
    (folder / "users").write_text(f'"{target["user"]}" "{target["password"]}"\n')
    (folder / "pgbouncer.ini").write_text(
        f"[databases]\n* = host={target['host']} port={target['port']}\n[pgbouncer]\n"
        f"listen_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n"
        f"auth_type = scram-sha-256\nauth_file = {folder / 'users'}\n"
        "pool_mode = transaction\ndefault_pool_size = 4\nmax_client_conn = 200\n"
    )
    libraries = pgbouncer_libraries()
    command = [
        *account.prefix([program.parent, folder, *libraries]),
        str(program),
        str(folder / "pgbouncer.ini"),
    ]
    log = folder / "pgbouncer.log"
    paths = ":".join(map(str, libraries))
    process = launch(command, cwd=folder, log=log, environment={"LD_LIBRARY_PATH": paths} if paths else {})
    through = f"postgresql://{target['user']}:{target['password']}@127.0.0.1:{port}/{target['dbname']}"
    try:
        assert wait_until(lambda: not process.alive or _answers(through), seconds=60), log_tail(log)
        assert process.alive, log_tail(log)
        yield through
    finally:
        stop(process, _TERMINATE, _KILL)


def _answers(dsn: str) -> bool:
    try:
        with psycopg.connect(dsn, connect_timeout=5):
            return True
    except psycopg.OperationalError:
        return False
