"""Several statements in one round trip and one transaction, at the least cost to the event loop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import AsyncConnection, errors
from psycopg.abc import PQGen
from psycopg.generators import fetch_many, send
from psycopg.pq import ExecStatus, Format, PipelineStatus
from psycopg.pq.abc import PGconn, PGresult

__all__ = ["Statement", "round_trip"]

_JSONB = psycopg.adapters.types["jsonb"].oid
_JSONB_VERSION = b"\x01"


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement with its parameters as they are sent.

    Attributes:
        sql: with ``$1``, ``$2``, ...
        text: parameters as text, whose type the statement says; no NUL in them.
        json: parameters of type jsonb, after those of ``text``. Each is sent with its length, as it came.
    """

    sql: bytes
    text: Sequence[bytes] = ()
    json: Sequence[bytes] = ()

    def send(self, connection: PGconn) -> None:
        """Give it to libpq."""
        connection.send_query_params(
            self.sql,
            [*self.text, *(_JSONB_VERSION + document for document in self.json)],
            [0] * len(self.text) + [_JSONB] * len(self.json),
            [Format.TEXT] * len(self.text) + [Format.BINARY] * len(self.json),
        )


async def round_trip(connection: AsyncConnection[Any], *statements: Statement) -> PGresult:
    """Run statements in a transaction of their own, and return the result of the last one.

    They go out together, in libpq's pipeline mode: the server runs each once the one before has succeeded,
    and commits at their end. psycopg's own pipeline does so too, at more than twice the processor time.

    Raises:
        psycopg.Error: the first of them that failed; none has an effect.
    """
    async with connection.lock:
        try:
            results = await connection.wait(_exchange(connection.pgconn, statements))
        except BaseException:
            if connection.pgconn.pipeline_status != PipelineStatus.OFF:
                connection.pgconn.finish()  # what it still holds is unknown: the pool makes another one
            raise
    for result in results:
        if result.status == ExecStatus.FATAL_ERROR:
            raise errors.error_from_result(result)
    return results[-1]


def _exchange(connection: PGconn, statements: Sequence[Statement]) -> PQGen[list[PGresult]]:
    connection.enter_pipeline_mode()
    for statement in statements:
        statement.send(connection)
    connection.pipeline_sync()
    yield from send(connection)
    results: list[PGresult] = []
    while True:
        (result,) = yield from fetch_many(connection)
        if result.status == ExecStatus.PIPELINE_SYNC:
            break
        results.append(result)
    connection.exit_pipeline_mode()
    return results
