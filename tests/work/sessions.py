"""Two sessions that meet: one holds a lock, the other is seen waiting for it."""

from __future__ import annotations

from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import Connection
from psycopg.rows import dict_row

from tests.waiting import wait_until

Row = dict[str, Any]
_DEADLINE_SECONDS = 60.0


def session(dsn: str, *, autocommit: bool = False) -> Connection[Row]:
    """Open a session whose rows are dicts and whose lock waits end."""
    connection = psycopg.connect(dsn, autocommit=autocommit, row_factory=dict_row)
    connection.execute("set lock_timeout = '60s'")
    connection.commit()
    return connection


def row(connection: Connection[Row], sql: str, *params: object) -> Row:
    """Return the only row of a statement."""
    (found,) = connection.execute(sql, params).fetchall()
    return found


def refusal(call: Callable[[], object]) -> tuple[str | None, str | None]:
    """Return the SQLSTATE and the reason with which a call is refused."""
    try:
        call()
    except psycopg.Error as error:
        return error.sqlstate, error.diag.constraint_name
    return None, None


def wait_for_lock(observer: Connection[Row], pid: int) -> None:
    """Return as soon as the backend ``pid`` is seen waiting for a lock."""
    seen = "select wait_event_type = 'Lock' as waits from pg_stat_activity where pid = %s"
    wait_until(lambda: row(observer, seen, pid)["waits"], _DEADLINE_SECONDS)


@contextmanager
def blocked(
    dsn: str, observer: Connection[Row], sql: str, *params: object
) -> Generator[Future[Row | psycopg.Error]]:
    """Run a statement in a session of its own; the block runs while it is seen waiting for a lock.

    The future holds its row, or the error that refused it.
    """

    def run(connection: Connection[Row]) -> Row | psycopg.Error:
        try:
            return row(connection, sql, *params)
        except psycopg.Error as error:
            return error

    with session(dsn, autocommit=True) as connection, ThreadPoolExecutor(1) as threads:
        future = threads.submit(run, connection)
        wait_for_lock(observer, connection.info.backend_pid)
        yield future
        future.result(_DEADLINE_SECONDS)
