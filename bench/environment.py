"""The stack that is measured, fresh databases in it, and what the results say about the machine."""

from __future__ import annotations

import os
import platform
import uuid
from collections.abc import Generator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

from pylayer.config import Settings
from pylayer.embedded import Stack
from pylayer.embedded.tuning import machine_memory
from pylayer.migrate import migrate

__all__ = ["connection", "describe", "fresh_database", "running_stack"]

_SETTINGS = (
    "fsync",
    "synchronous_commit",
    "full_page_writes",
    "wal_sync_method",
    "shared_buffers",
    "max_wal_size",
    "checkpoint_timeout",
)
_PACKAGES = (
    "psycopg",
    "minio",
    "eventsourcing",
    "fastapi",
    "uvicorn",
    "dbos",
    "absurd-sdk",
    "procrastinate",
    "langgraph-checkpoint-postgres",
)


@contextmanager
def running_stack(home: Path) -> Generator[Settings]:
    """Yield the settings of the environment's servers, or of a durable stack of our own in ``home``.

    A stack that ran before stays up.
    """
    if os.environ.get("DATABASE_URL"):
        yield Settings.load()
        return
    stack = Stack(home)
    info = stack.up(migrate=False)
    try:
        yield Settings.model_validate(info.environment)
    finally:
        if info.started:
            stack.down()


@contextmanager
def fresh_database(settings: Settings) -> Generator[str]:
    """Yield the URL of a migrated database of its own, dropped afterwards."""
    base = settings.require_database_url(direct=True)
    name = f"bench_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(base, autocommit=True) as admin:
        admin.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
        url = urlunsplit(urlsplit(base)._replace(path=f"/{name}"))
        try:
            migrate(url)
            yield url
        finally:
            admin.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


def connection(url: str) -> psycopg.Connection[tuple[Any, ...]]:
    """Connect as the client does: autocommit, no prepared statements."""
    return psycopg.connect(url, autocommit=True, prepare_threshold=None)


def describe(settings: Settings) -> dict[str, Any]:
    """Return machine, versions and settings, for the results."""
    with connection(settings.require_database_url(direct=True)) as server:
        values = {name: _setting(server, name) for name in _SETTINGS}
        postgres = _setting(server, "server_version")
    return {
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "memory_gib": round(machine_memory() / 2**30, 1),
        "system": platform.platform(),
        "python": platform.python_version(),
        "postgres": postgres,
        "s3": "the environment's" if os.environ.get("DATABASE_URL") else "rclone serve s3",
        **{package: version(package) for package in _PACKAGES},
        **values,
    }


def _setting(server: psycopg.Connection[tuple[Any, ...]], name: str) -> str:
    row = server.execute("select current_setting(%s)", (name,)).fetchone()
    return str(row[0]) if row else ""


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    return next(
        (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine()
    )
