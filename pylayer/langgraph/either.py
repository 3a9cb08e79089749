"""Runs plans on a client of either kind, as the methods of LangGraph's base classes come in pairs."""

from __future__ import annotations

import asyncio
from typing import Any

from pylayer.calls import Plan, T
from pylayer.client import AsyncClient, Client
from pylayer.errors import InvalidInput

__all__ = ["checked_client", "run", "run_async"]


def checked_client(client: Any) -> Client | AsyncClient:
    """Return the client.

    Raises:
        pylayer.InvalidInput: ``invalid_client``: a connection, a pool or a connection string.
    """
    if isinstance(client, (Client, AsyncClient)):
        return client
    raise InvalidInput(
        "not a client",
        reason="invalid_client",
        detail=type(client).__name__,
        hint="give a pylayer.Client or AsyncClient, as pylayer.connect(dsn) makes one",
    )


def run(client: Client | AsyncClient, plan: Plan[T]) -> T:
    """Run a plan for a synchronous method.

    Raises:
        pylayer.InvalidInput: ``async_client``.
    """
    if isinstance(client, AsyncClient):
        plan.close()
        raise InvalidInput(
            "the client is asynchronous",
            reason="async_client",
            hint="call ainvoke, astream, aget_state, ..., or give a pylayer.Client",
        )
    return client.run(plan)


async def run_async(client: Client | AsyncClient, plan: Plan[T]) -> T:
    """Run a plan for an asynchronous method; that of a `Client` in a worker thread."""
    if isinstance(client, AsyncClient):
        return await client.run(plan)
    return await asyncio.to_thread(client.run, plan)
