"""What the HTTP benchmark serves: pylayer, and beside it an endpoint that does nothing and a bare INSERT."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from bench.samples import COLUMNS
from pylayer.config import Settings
from pylayer.server import create_app

__all__ = ["bare", "own"]

_INSERT = (
    f"insert into telemetry.workflow_events ({COLUMNS}) "
    "select event_id, 1, event_name, ts, run_id, item_id, workflow_name, agent_role, payload, 1, "
    "pg_current_xact_id()::text::bigint from jsonb_to_recordset(%s::jsonb) as e (event_id text, "
    "event_name text, ts timestamptz, run_id text, item_id text, workflow_name text, agent_role text, "
    "payload jsonb)"
)


def own() -> FastAPI:
    """Return pylayer's own server, which asks for a key."""
    return create_app(Settings.load())


def bare() -> FastAPI:
    """Return ``/nothing``, a FastAPI endpoint that does nothing, and ``/insert``, one INSERT a request.

    The latter is served as pylayer serves its own: a plain ASGI application, a pool, the body unparsed.
    """
    settings = Settings.load()
    pool: AsyncConnectionPool[AsyncConnection[Any]] = AsyncConnectionPool(
        settings.require_database_url(),
        kwargs={"autocommit": True, "prepare_threshold": None},
        min_size=0,
        max_size=settings.database_pool_size,
        open=False,
    )

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncGenerator[None]:
        async with pool:
            yield

    app = FastAPI(lifespan=lifespan)

    @app.post("/nothing")
    async def nothing() -> dict[str, str]:  # pyright: ignore[reportUnusedFunction] - a route
        return {}

    app.router.routes.append(Route("/insert", _Insert(pool), methods=["POST"]))
    return app


class _Insert:
    """Stores a request's events with one INSERT."""

    def __init__(self, pool: AsyncConnectionPool[AsyncConnection[Any]]) -> None:
        self._pool = pool

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        async with self._pool.connection() as connection:
            await connection.execute(_INSERT, (body.decode(),))
        await Response(b'{"created":true}', 201, media_type="application/json")(scope, receive, send)
