"""`Client` and `AsyncClient`: a connection pool and one namespace a part of the database."""

from __future__ import annotations

import asyncio
import inspect
import random
import time
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from types import TracebackType
from typing import Any, Self

from psycopg import AsyncConnection, Connection, sql
from psycopg.abc import AdaptContext
from psycopg.adapt import Dumper
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool, ConnectionPool, PoolClosed, PoolTimeout, TooManyRequests

from pylayer.blobs import BlobStore
from pylayer.calls import Async, Call, Plan, Sync, T, Work
from pylayer.config import Settings, checked_dsn
from pylayer.errors import PylayerError, Retryable, Unavailable, translated
from pylayer.metrics import timed, watch_pool
from pylayer.namespaces import Namespaces

__all__ = ["RECONNECT_SECONDS", "AsyncClient", "Client", "connect", "connect_async"]

# A pool that cannot connect waits ever longer between its attempts, and makes calls wait with it, also once
# the server is back. When it gives up, the next call tries anew at once.
RECONNECT_SECONDS = 5.0
# PgBouncer in transaction mode keeps no prepared statements and refuses start-up options.
_CONNECTION = {"prepare_threshold": None, "row_factory": dict_row, "autocommit": True}
_POOL_ERRORS = (PoolTimeout, PoolClosed, TooManyRequests)
_RETRY_AFTER = (0.05, 0.25, 1.0)  # seconds, before jitter


def _waits(step: Call[Any], *, bound: bool) -> tuple[float | None, ...]:
    """Return the seconds to wait after each failed attempt; None ends the attempts."""
    waits = _RETRY_AFTER if step.repeatable and not bound else ()
    return (*(wait * random.uniform(0.5, 1.5) for wait in waits), None)  # noqa: S311 - jitter


class _PlainInt(Dumper):
    """Sends an int untyped, so that the function's own parameter type checks its range."""

    def dump(self, obj: int) -> bytes:
        return str(obj).encode()


def _prepare(context: AdaptContext) -> None:
    context.adapters.register_dumper(int, _PlainInt)


async def _prepare_async(context: AdaptContext) -> None:
    _prepare(context)


def _no_connection(error: Exception) -> Unavailable:
    return Unavailable("no connection to the database", reason="no_connection", detail=str(error))


def _is_passing(error: PylayerError) -> bool:
    """Whether another attempt may help; the pool has already waited for a server that is away."""
    return not isinstance(error.__cause__, _POOL_ERRORS)


def _set_role(role: str) -> sql.Composed:
    return sql.SQL("set local role {}").format(sql.Identifier(role))


class Client(Namespaces[Sync]):
    """The synchronous client. Make it with `connect`; it is safe to share between threads."""

    def __init__(
        self,
        pool: ConnectionPool[Connection[dict[str, Any]]],
        blobs: BlobStore,
        *,
        role: str | None = None,
        connection: Connection[Any] | None = None,
    ) -> None:
        self._pool = pool
        self._role = role
        self._connection = connection
        self._wakes = connection is None
        self.blobs = blobs

    @property
    def database_url(self) -> str:
        """The connection string of its pool, with a password if it has one."""
        found = self._pool.conninfo
        return found if isinstance(found, str) else found()

    @property
    def role(self) -> str | None:
        """The database role that its calls run under; None is the login itself."""
        return self._role

    def using(self, connection: Connection[Any]) -> Client:
        """Return a client that makes its calls on ``connection`` and never commits for its owner.

        They run under the role that the connection has; this client's own ``role`` is not set on it.
        What must outlive a rollback (the reservation of an upload) still commits on the pool.
        """
        return Client(self._pool, self.blobs, role=self._role, connection=connection)

    def acting_as(self, role: str) -> Client:
        """Return a client of the same pool, whose calls run under ``role``, on no caller's connection.

        The login must be a member of the role, else each call is refused with `pylayer.Forbidden`.
        """
        return Client(self._pool, self.blobs, role=role)

    def run(self, plan: Plan[T], /) -> T:
        """Run a plan to its result; used by the namespaces."""
        try:
            step = next(plan)
            while True:
                try:
                    result = self._call(step) if isinstance(step, Call) else step.function()
                except Exception as error:
                    step = plan.throw(error)
                else:
                    step = plan.send(result)
        except StopIteration as stop:
            return stop.value

    def _call(self, step: Call[T]) -> T:
        for wait in _waits(step, bound=self._is_bound(step)):
            try:
                return self._call_once(step)
            except (Retryable, Unavailable) as error:
                if wait is None or not _is_passing(error):
                    raise
                if isinstance(error, Unavailable):
                    self._pool.check()  # replaces the other connections that died with this one
                time.sleep(wait)
        raise AssertionError("unreachable")

    def _call_once(self, step: Call[T]) -> T:
        with timed(step.sql), translated(), self._cursor_connection(step) as connection:
            cursor = connection.cursor(row_factory=dict_row)
            if self._is_bound(step):
                _prepare(cursor)
            return step.parse(cursor.execute(step.sql.encode(), step.params).fetchall())

    def _is_bound(self, step: Call[Any]) -> bool:
        return self._connection is not None and not step.durable

    @contextmanager
    def _cursor_connection(self, step: Call[Any]) -> Generator[Connection[Any]]:
        if self._connection is not None and self._is_bound(step):
            yield self._connection
            return
        with self._checkout() as connection:
            if self._role is None:
                yield connection
                return
            with connection.transaction():
                connection.execute(_set_role(self._role))
                yield connection

    @contextmanager
    def _checkout(self) -> Generator[Connection[dict[str, Any]]]:
        try:
            connection = self._pool.getconn()
        except _POOL_ERRORS as error:
            raise _no_connection(error) from error
        try:
            yield connection
        finally:
            self._pool.putconn(connection)

    def close(self) -> None:
        """Close the pool; a caller's own connection stays open."""
        self._pool.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class AsyncClient(Namespaces[Async]):
    """The asynchronous client: the same namespaces, every method returns an awaitable."""

    def __init__(
        self,
        pool: AsyncConnectionPool[AsyncConnection[dict[str, Any]]],
        blobs: BlobStore,
        *,
        role: str | None = None,
        connection: AsyncConnection[Any] | None = None,
    ) -> None:
        self._pool = pool
        self._role = role
        self._connection = connection
        self._wakes = connection is None
        self.blobs = blobs

    @property
    def database_url(self) -> str:
        """The connection string of its pool, with a password if it has one."""
        return str(self._pool.conninfo)

    @property
    def role(self) -> str | None:
        """The database role that its calls run under; None is the login itself."""
        return self._role

    def using(self, connection: AsyncConnection[Any]) -> AsyncClient:
        """Return a client that makes its calls on ``connection``, as `Client.using` does."""
        return AsyncClient(self._pool, self.blobs, role=self._role, connection=connection)

    def acting_as(self, role: str) -> AsyncClient:
        """Return a client of the same pool, whose calls run under ``role``, as `Client.acting_as` does."""
        return AsyncClient(self._pool, self.blobs, role=role)

    async def run(self, plan: Plan[T], /) -> T:
        """Run a plan to its result; used by the namespaces."""
        try:
            step = next(plan)
            while True:
                try:
                    if isinstance(step, Call):
                        result = await self._call(step)
                    elif isinstance(step, Work):
                        result = await asyncio.to_thread(step.function)
                    else:
                        result = step.function()
                        if inspect.isawaitable(result):
                            result = await result
                except Exception as error:
                    step = plan.throw(error)
                else:
                    step = plan.send(result)
        except StopIteration as stop:
            return stop.value

    async def _call(self, step: Call[T]) -> T:
        for wait in _waits(step, bound=self._is_bound(step)):
            try:
                return await self._call_once(step)
            except (Retryable, Unavailable) as error:
                if wait is None or not _is_passing(error):
                    raise
                if isinstance(error, Unavailable):
                    await self._pool.check()
                await asyncio.sleep(wait)
        raise AssertionError("unreachable")

    async def _call_once(self, step: Call[T]) -> T:
        with timed(step.sql), translated():
            async with self._cursor_connection(step) as connection:
                cursor = connection.cursor(row_factory=dict_row)
                if self._is_bound(step):
                    _prepare(cursor)
                await cursor.execute(step.sql.encode(), step.params)
                return step.parse(await cursor.fetchall())

    def _is_bound(self, step: Call[Any]) -> bool:
        return self._connection is not None and not step.durable

    @asynccontextmanager
    async def _cursor_connection(self, step: Call[Any]) -> AsyncGenerator[AsyncConnection[Any]]:
        if self._connection is not None and self._is_bound(step):
            yield self._connection
            return
        async with self._checkout() as connection:
            if self._role is None:
                yield connection
                return
            async with connection.transaction():
                await connection.execute(_set_role(self._role))
                yield connection

    @asynccontextmanager
    async def _checkout(self) -> AsyncGenerator[AsyncConnection[dict[str, Any]]]:
        try:
            connection = await self._pool.getconn()
        except _POOL_ERRORS as error:
            raise _no_connection(error) from error
        try:
            yield connection
        finally:
            await self._pool.putconn(connection)

    async def close(self) -> None:
        """Close the pool; a caller's own connection stays open."""
        await self._pool.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


def connect(
    dsn: str | None = None,
    *,
    role: str | None = None,
    pool_size: int | None = None,
    timeout: float = 10.0,
    settings: Settings | None = None,
) -> Client:
    """Connect to Postgres and object storage.

    Args:
        dsn: connection string of the database; default ``DATABASE_URL``, else the running embedded stack.
        role: database role that every call on the pool runs under (``pylayer_agent``, ...); default the login
            itself.
        pool_size: most connections kept open; default ``DATABASE_POOL_SIZE``.
        timeout: seconds to wait for a connection before `pylayer.Unavailable` is raised.
        settings: settings to use instead of the environment's.

    Returns:
        A `Client`; use it as a context manager, or call ``close()``.

    Raises:
        pylayer.Unavailable: at the first call, when the server does not answer.

    Example:
        >>> with pylayer.connect() as client:                                   # doctest: +SKIP
        ...     client.artifacts.write(type="report", content="# All well")
    """
    settings = settings or Settings.load()
    pool = ConnectionPool(
        checked_dsn(dsn) if dsn else settings.require_database_url(),
        kwargs=_CONNECTION,
        name="client",
        min_size=0,
        max_size=pool_size or settings.database_pool_size,
        timeout=timeout,
        reconnect_timeout=RECONNECT_SECONDS,
        connection_class=Connection[dict[str, Any]],
        configure=_prepare,
        open=True,
    )
    return Client(watch_pool(pool), BlobStore.from_settings(settings), role=role)


async def connect_async(
    dsn: str | None = None,
    *,
    role: str | None = None,
    pool_size: int | None = None,
    timeout: float = 10.0,
    settings: Settings | None = None,
) -> AsyncClient:
    """Connect like `connect`, and return an `AsyncClient`."""
    settings = settings or Settings.load()
    pool = AsyncConnectionPool(
        checked_dsn(dsn) if dsn else settings.require_database_url(),
        kwargs=_CONNECTION,
        name="client",
        min_size=0,
        max_size=pool_size or settings.database_pool_size,
        timeout=timeout,
        reconnect_timeout=RECONNECT_SECONDS,
        connection_class=AsyncConnection[dict[str, Any]],
        configure=_prepare_async,
        open=False,
    )
    await pool.open()
    return AsyncClient(watch_pool(pool), BlobStore.from_settings(settings), role=role)
