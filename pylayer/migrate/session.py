"""The database session that migrations run in: pinned settings, one runner at a time, no pooler between."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from typing import Any, LiteralString

import psycopg
from psycopg import Connection

from pylayer.errors import InvalidInput, Retryable

__all__ = ["LOCK_KEY", "Progress", "Session", "locked_session", "refuse_pooler", "session"]

Session = Connection[tuple[Any, ...]]
Progress = Callable[[str], None]
"""Called with one line before each step."""

LOCK_KEY = 0x70796C61796572  # "pylayer"
_POLL_SECONDS = 0.2
_DRIVER_SCHEMES = ("postgresql+psycopg://", "postgres+psycopg://")


@contextmanager
def session(database_url: str, *, lock_timeout: float = 5.0) -> Generator[Session]:
    """Open a session whose settings do not depend on the role's or the database's defaults.

    Args:
        database_url: anything that libpq takes; SQLAlchemy's and yoyo's ``postgresql+psycopg://`` too.
        lock_timeout: seconds that a statement waits for another session's lock.
    """
    with psycopg.connect(_libpq_url(database_url), autocommit=True, prepare_threshold=None) as connection:
        for name, value in {
            "search_path": "public",
            "TimeZone": "UTC",
            "DateStyle": "ISO",
            "lock_timeout": f"{round(lock_timeout * 1000)}ms",
            "statement_timeout": "0",
            "idle_session_timeout": "0",
            "idle_in_transaction_session_timeout": "0",
            "client_min_messages": "warning",
        }.items():
            connection.execute("select set_config(%s, %s, false)", (name, value))
        with suppress(psycopg.errors.InvalidParameterValue):  # not every platform can watch its clients
            connection.execute("set client_connection_check_interval = '1s'")
        yield connection


@contextmanager
def locked_session(
    database_url: str, progress: Progress, *, lock_timeout: float, wait: float
) -> Generator[Session]:
    """Open a session that holds the advisory lock of migrations.

    The lock lives in the session that does the work: whoever kills the runner cannot free the lock while a
    statement of its still runs. It is polled, because a waiting statement would hold back
    ``create index concurrently``.

    Raises:
        InvalidInput: the connection goes through a pooler in transaction mode.
        Retryable: another runner held the lock for ``wait`` seconds.
    """
    with session(database_url, lock_timeout=lock_timeout) as connection:
        refuse_pooler(connection, database_url)
        deadline = time.monotonic() + wait
        told = False
        while not _one(connection, "select pg_try_advisory_lock(%s)", LOCK_KEY):
            if time.monotonic() >= deadline:
                raise Retryable(
                    "another migration is running",
                    code="55P03",
                    reason="migration_running",
                    hint="wait for it to end, then try again",
                )
            if not told:
                progress("waiting for another migration to end")
                told = True
            time.sleep(_POLL_SECONDS)
        yield connection


def refuse_pooler(connection: Session, database_url: str) -> None:
    """Refuse a pooler that changes the server's session between transactions.

    A pooler makes up the process id that it announces. Behind one, two clients in turn show whether they
    are given the same session.

    Raises:
        InvalidInput: ``pooled_connection``.
    """
    if connection.info.backend_pid == _backend_pid(connection):
        return
    with psycopg.connect(_libpq_url(database_url), autocommit=True, prepare_threshold=None) as other:
        seen = [{_backend_pid(connection)}, {_backend_pid(other)}]
        for _ in range(3):
            seen[0].add(_backend_pid(connection))
            seen[1].add(_backend_pid(other))
    if len(seen[0]) > 1 or seen[0] & seen[1]:
        raise InvalidInput(
            "migrations and maintenance need a session of their own; a transaction pooler gives none",
            reason="pooled_connection",
            hint="set DATABASE_DIRECT_URL to the server itself",
        )


def _backend_pid(connection: Session) -> int:
    return _one(connection, "select pg_backend_pid()")


def _one(connection: Session, query: LiteralString, *params: object) -> Any:
    row = connection.execute(query, params or None).fetchone()
    return row[0] if row else None


def _libpq_url(url: str) -> str:
    for scheme in _DRIVER_SCHEMES:
        if url.startswith(scheme):
            return f"postgresql://{url.removeprefix(scheme)}"
    return url
