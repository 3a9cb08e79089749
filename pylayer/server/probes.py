"""The checks behind ``/readyz``."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from pydantic import BaseModel, Field

from pylayer.client import AsyncClient
from pylayer.config import Settings
from pylayer.doctor import missing_months

__all__ = ["Probes", "Readiness"]

_LOG = logging.getLogger("pylayer.server")
_TIMEOUT_SECONDS = 3.0


class Readiness(BaseModel):
    """Whether the server can do its work.

    Attributes:
        ready: all of it.
        missing: what is missing, by name of the check: ``database``, ``object_storage``, ``partitions``.
    """

    ready: bool
    missing: dict[str, str] = Field(default_factory=dict)


class Probes:
    """The checks of readiness: each runs once at a time, however many ask, and however long it hangs.

    Args:
        settings: where the database is.
        client: its pool, and object storage.
    """

    def __init__(self, settings: Settings, client: AsyncClient) -> None:
        self._checks: dict[str, Callable[[], Awaitable[str | None]]] = {
            "database": lambda: _database(client),
            "object_storage": lambda: _object_storage(client),
            "partitions": lambda: _partitions(settings),
        }
        self._logged: dict[str, str] = {}  # the last error of each, so that a poll does not repeat it
        self._running: dict[str, asyncio.Task[str | None]] = {}

    async def readiness(self) -> Readiness:
        """Run all checks side by side."""
        found = await asyncio.gather(*map(self._problem, self._checks))
        missing = {name: problem for name, problem in zip(self._checks, found, strict=True) if problem}
        return Readiness(ready=not missing, missing=missing)

    async def _problem(self, name: str) -> str | None:
        task = self._running.get(name)
        if task is None or task.done():
            task = self._running[name] = asyncio.create_task(self._run(name))
        try:
            async with asyncio.timeout(_TIMEOUT_SECONDS):
                return await asyncio.shield(task)
        except TimeoutError:
            return f"no answer in {_TIMEOUT_SECONDS:.0f} seconds"

    async def _run(self, name: str) -> str | None:
        try:
            problem = await self._checks[name]()
        except Exception as error:  # what it says may name hosts and tables
            if self._logged.get(name) != str(error):
                _LOG.warning("not ready: %s: %s", name, error)
            self._logged[name] = str(error)
            return "no answer"
        self._logged.pop(name, None)
        return problem


async def _database(client: AsyncClient) -> str | None:
    await client.keys.exist()
    return None


async def _object_storage(client: AsyncClient) -> str | None:
    await asyncio.to_thread(client.blobs.check)
    return None


async def _partitions(settings: Settings) -> str | None:
    months = await asyncio.to_thread(missing_months, settings)
    return f"{', '.join(months)}: run pylayer maintain" if months else None
