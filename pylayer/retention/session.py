"""The database session of maintenance: one at a time, with no pooler between."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import LiteralString

from psycopg import errors, sql

from pylayer.errors import Forbidden, Retryable, translated
from pylayer.migrate.session import Session, refuse_pooler, session

__all__ = ["LOCK_KEY", "detach", "maintenance_session"]

LOCK_KEY = 0x70796C6D616E74  # "pylmant"
_LOCK_SECONDS = 2.0  # less than the 5 seconds that a writer waits who makes a missing month
_OWNER = sql.Identifier("pylayer_owner")


@contextmanager
def maintenance_session(database_url: str) -> Generator[Session]:
    """Open a session that holds the advisory lock of maintenance.

    The lock lives in the session that detaches months: whoever kills the process cannot free it while a
    statement of its still runs.

    Raises:
        InvalidInput: the connection goes through a pooler in transaction mode.
        Retryable: another maintenance is running.
    """
    with translated(), session(database_url, lock_timeout=_LOCK_SECONDS) as connection:
        refuse_pooler(connection, database_url)
        if connection.execute("select pg_try_advisory_lock(%s)", (LOCK_KEY,)).fetchone() != (True,):
            raise Retryable("another maintenance is running", code="55P03", reason="maintenance_running")
        yield connection


def detach(connection: Session, partition: str, how: LiteralString) -> None:
    """Detach a month as the owner of the tables; no function can, since it takes two transactions.

    Args:
        connection: in autocommit.
        partition: its qualified name.
        how: ``concurrently``, or ``finalize`` for a detach that did not end.

    Raises:
        Forbidden: the login is no member of ``pylayer_owner``.
        Retryable: somebody reads the month; ``another_detaching``, somebody reads another one that is on its
            way out, and the table of events lets one go at a time.
    """
    statement = sql.SQL("alter table telemetry.workflow_events detach partition {} " + how)
    with translated():
        _become_owner(connection)
        try:
            connection.execute(statement.format(sql.Identifier(*partition.split("."))))
        except errors.ObjectNotInPrerequisiteState as error:
            raise Retryable(
                "another month is being detached", code="55P03", reason="another_detaching"
            ) from error
        finally:
            connection.execute("reset role")


def _become_owner(connection: Session) -> None:
    try:
        with translated():
            connection.execute(sql.SQL("set role {}").format(_OWNER))
    except Forbidden as error:
        raise Forbidden(
            "only the owner of the tables detaches a month",
            code=error.code,
            reason="not_owner",
            detail=connection.info.user,
            hint="run maintenance as the login that migrates, or: "
            "grant pylayer_owner to LOGIN with inherit false, set true",
        ) from error
