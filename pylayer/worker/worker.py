"""`Worker`: claims tasks, runs their handlers, completes them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import random
import socket
import time
from collections.abc import Sequence

from pylayer.client import AsyncClient
from pylayer.errors import Conflict, InvalidInput, NotFound, PylayerError, TooLarge
from pylayer.tasks import ClaimedTask, Completed, Completion
from pylayer.worker.attempt import attempt, fail
from pylayer.worker.handlers import Handlers, handlers
from pylayer.worker.listener import listen
from pylayer.worker.threads import Threads

__all__ = ["Worker"]

_LOGGER = logging.getLogger("pylayer.worker")
_SHORTEST_POLL_SECONDS = 0.05
_UPKEEP_SECONDS = 1.0
_UPKEEP_SHARE = 20  # of the time that upkeep takes: it waits for so many times as long
_RETRY_SECONDS = 1.0
_Attempt = asyncio.Task[Completion | None]


class Worker:
    """Runs tasks, several at once: async handlers on the event loop, others in threads.

    Completing and claiming are one call. What is finished but not yet told survives a server that is away, as
    long as the leases last; what is lost otherwise runs again, elsewhere, when its lease has expired.

    Args:
        client: an async client; its role needs ``pylayer_agent``.
        handlers: the handlers; default those of `pylayer.worker.task`.
        queues: the queues, within a priority in this order.
        concurrency: most tasks at once; a thread that runs on after its task's time counts.
        lease_seconds: how long a task is held after the worker's death; heartbeats come at a third of it.
        poll_seconds: longest wait before it looks for tasks that nobody told of.
        grace_seconds: how long running tasks may take to end after `stop`; then they are given back.
        listen_dsn: connection string past a pooler; None only polls.
        name: default host and process id.
    """

    def __init__(
        self,
        client: AsyncClient,
        handlers: Handlers = handlers,
        *,
        queues: Sequence[str] = ("default",),
        concurrency: int = 4,
        lease_seconds: int = 60,
        poll_seconds: float = 1.0,
        grace_seconds: float = 30.0,
        listen_dsn: str | None = None,
        name: str | None = None,
    ) -> None:
        self.name = name or f"{socket.gethostname()}:{os.getpid()}"
        self._client = client
        self._handlers = handlers
        self._queues = tuple(queues)
        self._concurrency = concurrency
        self._lease_seconds = lease_seconds
        self._poll_seconds = poll_seconds
        self._grace_seconds = grace_seconds
        self._listen_dsn = listen_dsn
        self._running: dict[_Attempt, ClaimedTask] = {}
        self._finished: list[Completion] = []
        self._threads = Threads()
        self._changed = asyncio.Event()
        self._stopping = False

    def stop(self) -> None:
        """Claim nothing more, and end once the running tasks have."""
        self._stopping = True
        self._changed.set()

    async def run(self) -> None:
        """Work until `stop` is called."""
        helpers = [asyncio.create_task(self._beat()), asyncio.create_task(self._keep_up())]
        if self._listen_dsn is not None:
            helpers.append(asyncio.create_task(listen(self._listen_dsn, self._queues, self._changed.set)))
        try:
            await self._pump()
            await self._wind_up()
        finally:
            for helper in (*helpers, *self._running):
                helper.cancel()
            await asyncio.gather(*helpers, *self._running, return_exceptions=True)

    async def _pump(self) -> None:
        pause = _SHORTEST_POLL_SECONDS
        while not self._stopping:
            self._changed.clear()
            free = self._concurrency - len(self._running) - len(self._threads)
            try:
                claimed = await self._exchange(free)
            except PylayerError as error:
                _LOGGER.error("trying again: %s", error)
                claimed, pause = [], max(pause, _RETRY_SECONDS)
            for task in claimed:
                self._start(task)
            if claimed:
                pause = _SHORTEST_POLL_SECONDS
                continue
            # Those who enqueue tell of it at most so often: what came since the last word is found by itself.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause * random.uniform(0.75, 1.25)):  # noqa: S311 - jitter
                    await self._changed.wait()
            pause = min(pause * 2, self._poll_seconds)

    async def _exchange(self, free: int) -> list[ClaimedTask]:
        """Complete what is finished and claim what there is room for, in one call."""
        done = self._finished[:1000]
        if not done and free <= 0:
            return []
        try:
            result = await self._client.tasks.complete_many(
                done, self.name, self._queues, max(min(free, 1000), 0), lease_seconds=self._lease_seconds
            )
        except (InvalidInput, TooLarge):
            if not done:
                raise
            await self._tell_apart(len(done))
            return []
        self._told(len(done), result)
        return result.claimed

    async def _tell_apart(self, count: int) -> None:
        """Complete one by one, and fail those whose output the database refuses, as it refused them all."""
        for completion in self._finished[:count]:
            try:
                result = await self._client.tasks.complete_many([completion])
            except (InvalidInput, TooLarge) as refused:
                await fail(self._client, completion, str(refused))
                result = Completed(refused={}, claimed=[])
            self._told(1, result)

    def _told(self, count: int, result: Completed) -> None:
        del self._finished[:count]
        for execution_id, reason in result.refused.items():
            _LOGGER.warning("task %s was done, but no longer ours: %s", execution_id, reason)

    def _start(self, task: ClaimedTask) -> None:
        running = asyncio.create_task(attempt(self._client, task, self._handlers, self._threads))
        self._running[running] = task
        running.add_done_callback(self._end)

    def _end(self, ended: _Attempt) -> None:
        self._running.pop(ended, None)
        if not ended.cancelled() and (completion := ended.result()) is not None:
            self._finished.append(completion)
        self._changed.set()

    async def _beat(self) -> None:
        """Extend the leases of what runs; what was lost is cancelled."""
        while True:
            await asyncio.sleep(self._lease_seconds / 3)
            for running, task in list(self._running.items()):
                try:
                    await self._client.tasks.heartbeat(
                        task.execution_id, task.lease, lease_seconds=self._lease_seconds
                    )
                except (Conflict, NotFound) as lost:
                    _LOGGER.warning("task %s is cancelled: %s", task.execution_id, lost)
                    running.cancel()
                except PylayerError as error:
                    _LOGGER.error("no heartbeat: %s", error)

    async def _keep_up(self) -> None:
        """Do what time asks for; one of all workers at a time does."""
        while True:
            started = time.monotonic()
            try:
                swept = await self._client.tasks.sweep()
                fired = await self._client.tasks.fire_due()
                if swept.due or swept.expired or fired:
                    self._changed.set()
            except PylayerError as error:
                _LOGGER.error("no upkeep: %s", error)
            took = time.monotonic() - started
            await asyncio.sleep(max(_UPKEEP_SECONDS, _UPKEEP_SHARE * took) * random.uniform(0.75, 1.25))  # noqa: S311

    async def _wind_up(self) -> None:
        """Let the running tasks end, give back those that do not, tell what is finished."""
        if self._running:
            await asyncio.wait(self._running, timeout=self._grace_seconds)
        for running, task in list(self._running.items()):
            running.cancel()
            await fail(self._client, task, "the worker stopped", delay_seconds=0)
        while self._finished:
            try:
                await self._exchange(0)
            except PylayerError as error:
                _LOGGER.error(
                    "%s finished tasks could not be told, and will run again: %s", len(self._finished), error
                )
                return
