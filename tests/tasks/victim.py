"""A worker that is killed at any moment."""

from __future__ import annotations

import asyncio
import random

import pylayer
from pylayer.tasks import ClaimedTask
from pylayer.worker import Handlers, Worker

__all__ = ["victim"]


def victim(dsn: str) -> None:
    """Work until killed, with handlers that take a moment; it never ends by itself."""
    handlers = Handlers()

    @handlers.task("count")
    async def count(task: ClaimedTask) -> int:
        await asyncio.sleep(random.uniform(0, 0.005))
        return task.input_data

    async def run() -> None:
        async with await pylayer.connect_async(dsn, pool_size=3) as client:
            await Worker(client, handlers, concurrency=8, lease_seconds=3, listen_dsn=dsn).run()

    asyncio.run(run())
