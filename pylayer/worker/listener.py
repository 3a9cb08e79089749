"""Being woken: LISTEN on a connection of its own, past a pooler."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection

import psycopg

__all__ = ["listen"]

_LOGGER = logging.getLogger("pylayer.worker")
_RECONNECT_SECONDS = 2.0


async def listen(dsn: str, queues: Collection[str], wake: Callable[[], None]) -> None:
    """Call ``wake`` for each notification of a queue, until cancelled; connect again when need be.

    Args:
        dsn: a connection string that leads to the server itself.
        queues: the queues that matter.
        wake: called once more after each connect, since nothing was heard before.
    """
    while True:
        try:
            async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection:
                await connection.execute("listen pylayer_tasks")
                wake()
                async for heard in connection.notifies():
                    if heard.payload in queues:
                        wake()
        except psycopg.Error as error:
            _LOGGER.warning("not listening, only polling: %s", " ".join(str(error).split()))
        await asyncio.sleep(_RECONNECT_SECONDS)
