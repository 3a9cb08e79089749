"""The calls of the ingest path: each is one transaction, one round trip, and checks the API key anew."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import cache
from types import TracebackType
from typing import Any, Self, TypeAlias

from psycopg import AsyncConnection, capabilities
from psycopg.pq.abc import PGresult
from psycopg_pool import AsyncConnectionPool, PoolClosed, PoolTimeout

from pylayer.client import RECONNECT_SECONDS
from pylayer.errors import Retryable, Unavailable, translated
from pylayer.metrics import timed, watch_pool
from pylayer.server.round_trip import Statement, round_trip

__all__ = ["ANYBODYS_ROLE", "MAX_JOINED", "EventStore", "Outcome", "Row"]

Outcome: TypeAlias = tuple[str, str]  # event_id, status
Row: TypeAlias = tuple[
    int, str | None, str, str | None, str | None, str | None
]  # as ingest_events returns them

_Pool: TypeAlias = AsyncConnectionPool[AsyncConnection[tuple[Any, ...]]]

ANYBODYS_ROLE = "pylayer_agent"  # of requests without a key, where none is required
MAX_JOINED = 100  # arguments of a function in Postgres
_RETRY_AFTER = (0.05, 0.25)  # seconds
_TIMEOUT_SECONDS = 30.0  # of a call, once it has a connection
_FINAL = {"no_connection", "timeout"}  # waited for long enough
_AUTHENTICATE = b"select set_config('role', (iam.authenticate(p_key_hash => $1)).role, true)"
_SET_ROLE = b"select set_config('role', $1, true)"
_ONE = b"select * from telemetry.ingest_event(p_event => $1)"
_MANY = b"select * from telemetry.ingest_events(p_events => %s, p_on_error => 'report')"
_BATCH = _MANY % b"$1"


@cache
def _joined(count: int) -> bytes:
    """Return the call that stores events together: each a parameter of its own, so that none can be two."""
    events = ", ".join(f"${number}" for number in range(1, count + 1))
    return _MANY % f"jsonb_build_array({events})".encode()


class EventStore:
    """Stores events under the role of the API key that they came with.

    The database says in the same transaction whether the key still holds, and which role it has.

    Args:
        url: connection string.
        pool_size: most connections for single events, and as many for batches.
        timeout: seconds to wait for a connection.

    Raises:
        psycopg.NotSupportedError: libpq is older than 14.
    """

    def __init__(self, url: str, *, pool_size: int, timeout: float) -> None:
        capabilities.has_pipeline(check=True)
        # A pool hands out its connections in turn. In one of their own, single events of one key keep to one
        # connection, whose backend has what it needs in the processor's caches.
        self._singles = _pool(url, "ingest_singles", pool_size, timeout)
        self._batches = _pool(url, "ingest_batches", pool_size, timeout)

    async def __aenter__(self) -> Self:
        for pool in (self._singles, self._batches):
            await pool.open()  # the server need not be there yet
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for pool in (self._singles, self._batches):
            await pool.close()

    async def one(self, key_hash: str | None, event: bytes) -> Outcome:
        """Store one event, a JSON object.

        Args:
            key_hash: hash of the API key; None for the role `ANYBODYS_ROLE`.
            event: the event as it came.

        Raises:
            PylayerError: those of ``telemetry.ingest_event`` and ``iam.authenticate``.
        """
        found = await self._call(self._singles, key_hash, Statement(_ONE, json=(event,)))
        return _text(found, 0, 0), _text(found, 0, 1)

    async def joined(self, key_hash: str | None, events: Sequence[bytes]) -> list[Row]:
        """Store at most `MAX_JOINED` events in one call; refused ones are reported.

        Raises:
            PylayerError: as `batch`; one malformed event fails them all.
        """
        return _rows(await self._call(self._singles, key_hash, Statement(_joined(len(events)), json=events)))

    async def batch(self, key_hash: str | None, events: bytes) -> list[Row]:
        """Store a JSON array of events; refused ones are reported.

        Raises:
            PylayerError: those of ``telemetry.ingest_events`` and ``iam.authenticate``.
        """
        return _rows(await self._call(self._batches, key_hash, Statement(_BATCH, json=(events,))))

    async def _call(self, pool: _Pool, key_hash: str | None, statement: Statement) -> PGresult:
        """Call until it succeeds or a wait is not worth it: events have ids, so a repeat is safe."""
        for wait in (*_RETRY_AFTER, None):
            try:
                return await _call_once(pool, key_hash, statement)
            except (Retryable, Unavailable) as error:
                if wait is None or error.reason in _FINAL:
                    raise
                if isinstance(error, Unavailable):
                    await pool.check()  # replaces the other connections that died with this one
                await asyncio.sleep(wait)
        raise AssertionError("unreachable")


async def _call_once(pool: _Pool, key_hash: str | None, statement: Statement) -> PGresult:
    if key_hash is None:
        role = Statement(_SET_ROLE, text=(ANYBODYS_ROLE.encode(),))
    else:
        role = Statement(_AUTHENTICATE, text=(key_hash.encode(),))
    with timed(statement.sql.decode()), translated():
        try:
            connection = await pool.getconn()
        except (PoolTimeout, PoolClosed) as error:
            raise Unavailable("no connection", reason="no_connection", detail=str(error)) from error
        try:
            async with asyncio.timeout(_TIMEOUT_SECONDS):
                return await round_trip(connection, role, statement)
        except TimeoutError as error:
            raise Unavailable("the database did not answer in time", reason="timeout") from error
        finally:
            await pool.putconn(connection)


def _pool(url: str, name: str, size: int, timeout: float) -> _Pool:
    pool = AsyncConnectionPool(
        url,
        name=name,
        kwargs={"autocommit": True, "prepare_threshold": None},
        min_size=0,
        max_size=size,
        timeout=timeout,
        reconnect_timeout=RECONNECT_SECONDS,
        connection_class=AsyncConnection[tuple[Any, ...]],
        open=False,
    )
    watch_pool(pool)
    return pool


def _rows(found: PGresult) -> list[Row]:
    return [
        (
            row + 1,
            _optional(found, row, 1),
            _text(found, row, 2),
            _optional(found, row, 3),
            _optional(found, row, 4),
            _optional(found, row, 5),
        )
        for row in range(found.ntuples)
    ]


def _text(found: PGresult, row: int, column: int) -> str:
    return (found.get_value(row, column) or b"").decode()


def _optional(found: PGresult, row: int, column: int) -> str | None:
    value = found.get_value(row, column)
    return None if value is None else value.decode()
