"""Group commit: single events that wait at the same time are stored by one call, and answered after it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence

from pylayer.errors import Forbidden, RateLimited, Retryable, Unauthenticated, Unavailable
from pylayer.server.store import MAX_JOINED, EventStore, Outcome

__all__ = ["Group"]

# How long a call waits for those who were there a moment ago: most of them send their next event at once, and
# one call for all of them costs little more than one for a few.
_GATHER_SECONDS = 0.002
_MAX_JOINED_BYTES = 4 * 2**20
_MAX_WAITING_BYTES = 64 * 2**20
# Errors that no single event is to blame for.
_OF_ALL = (Unauthenticated, Forbidden, RateLimited, Retryable, Unavailable)


class Group:
    """The single events of one API key, hence of one database role; one call stores them at a time.

    Args:
        store: where they go.
        key_hash: hash of the key; None without one.
    """

    def __init__(self, store: EventStore, key_hash: str | None) -> None:
        self._store = store
        self._key_hash = key_hash
        self._waiting: deque[_Waiting] = deque()
        self._waiting_bytes = 0
        self._running: asyncio.Task[None] | None = None
        self._expected = 1
        self._gathered = asyncio.Event()

    def add(self, event: bytes) -> asyncio.Future[Outcome]:
        """Store an event together with those that wait; the result is there once it is committed.

        Raises:
            Unavailable: too much waits already.
        """
        if self._waiting_bytes + len(event) > _MAX_WAITING_BYTES:
            raise Unavailable("too many events wait", reason="overloaded")
        waiting = _Waiting(event)
        self._waiting.append(waiting)
        self._waiting_bytes += len(event)
        if len(self._waiting) >= self._expected:
            self._gathered.set()
        if self._running is None:
            self._running = asyncio.create_task(self._run())
        return waiting.outcome

    async def _run(self) -> None:
        try:
            await self._store_waiting()
        finally:
            self._running = None

    async def _store_waiting(self) -> None:
        while self._waiting:
            await self._gather()
            taken = self._take()
            try:
                await self._store_all(taken)
            except Exception as error:  # of those that wait no one would fare better
                while self._waiting:
                    taken += self._take()
                for waiting in taken:
                    waiting.fail(error)
            self._expected = max(len(taken) + len(self._waiting), self._expected - 1)

    async def _gather(self) -> None:
        if len(self._waiting) >= self._expected:
            return
        self._gathered.clear()
        timer = asyncio.get_running_loop().call_later(_GATHER_SECONDS, self._gathered.set)
        await self._gathered.wait()
        timer.cancel()

    def _take(self) -> list[_Waiting]:
        taken: list[_Waiting] = []
        size = 0
        while self._waiting and len(taken) < MAX_JOINED:
            size += len(self._waiting[0].event)
            if taken and size > _MAX_JOINED_BYTES:
                break
            taken.append(self._waiting.popleft())
            self._waiting_bytes -= len(taken[-1].event)
        return taken

    async def _store_all(self, taken: Sequence[_Waiting]) -> None:
        if len(taken) == 1:
            taken[0].succeed(await self._store.one(self._key_hash, taken[0].event))
            return
        try:
            rows = await self._store.joined(self._key_hash, [waiting.event for waiting in taken])
        except _OF_ALL:
            raise
        except Exception:  # one of them is at fault, and only it shall fail
            await self._store_each(taken)
            return
        refused: list[_Waiting] = []
        for waiting, (_, event_id, status, *_) in zip(taken, rows, strict=True):
            if event_id is None or status == "refused":
                refused.append(waiting)
            else:
                waiting.succeed((event_id, status))
        await self._store_each(refused)

    async def _store_each(self, taken: Sequence[_Waiting]) -> None:
        """Store events one by one, each with an answer of its own: the database's words for what is wrong."""
        for waiting in taken:
            try:
                waiting.succeed(await self._store.one(self._key_hash, waiting.event))
            except Exception as error:
                waiting.fail(error)


class _Waiting:
    """An event whose sender waits."""

    __slots__ = ("event", "outcome")

    def __init__(self, event: bytes) -> None:
        self.event = event
        self.outcome: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()

    def succeed(self, outcome: Outcome) -> None:
        if not self.outcome.done():  # its sender has gone away
            self.outcome.set_result(outcome)

    def fail(self, error: Exception) -> None:
        if not self.outcome.done():
            self.outcome.set_exception(error)
