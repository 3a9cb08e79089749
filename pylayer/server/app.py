"""The application: routes, errors and what they share."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from fastapi import FastAPI

import pylayer
from pylayer.client import connect_async
from pylayer.config import Settings
from pylayer.server import artifacts, health, metrics, prices, problems, reading
from pylayer.server.document import describe
from pylayer.server.ingest import Ingestion
from pylayer.server.ingest_route import IngestFirst, IngestRoute
from pylayer.server.loopback import LoopbackOnly
from pylayer.server.probes import Probes
from pylayer.server.senders import Senders
from pylayer.server.state import State
from pylayer.server.store import EventStore

__all__ = ["create_app"]

_CONNECTION_TIMEOUT_SECONDS = 5.0


def create_app(settings: Settings, *, require_key: bool = True) -> FastAPI:
    """Return the HTTP API as an ASGI application.

    Args:
        settings: database and object storage; requests share three pools of ``database_pool_size``
            connections: for single events, for batches of events, and for the rest.
        require_key: refuse requests without an API key. Else they run as ``pylayer_agent``, and only requests
            to a loopback host are answered.

    Raises:
        InvalidInput: no database is configured.

    Example:
        >>> create_app(Settings(DATABASE_URL="postgresql://localhost/db")).title
        'pylayer'
    """
    url = settings.require_database_url()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        timeout = _CONNECTION_TIMEOUT_SECONDS
        async with (
            await connect_async(settings=settings, timeout=timeout) as client,
            EventStore(url, pool_size=settings.database_pool_size, timeout=timeout) as store,
        ):
            ingestion = Ingestion(Senders(client, store, require_key=require_key), store)
            app.state.pylayer = State(settings, client, require_key, ingestion, Probes(settings, client))
            yield

    app = FastAPI(
        title="pylayer",
        version=pylayer.__version__,
        description="Workflow events and artifacts of agents. Errors are `application/problem+json`.",
        lifespan=lifespan,
        redoc_url=None,
        redirect_slashes=False,
    )
    problems.add_handlers(app)
    app.add_middleware(IngestFirst)
    if not require_key:
        app.add_middleware(LoopbackOnly)  # around all of it
    app.router.routes.append(IngestRoute())
    for router in (reading.router, artifacts.router, prices.router, metrics.router, health.router):
        app.include_router(router)
    describe(app)
    return app
