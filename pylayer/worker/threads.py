"""Threads for handlers that block."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future
from typing import TypeAlias

from pylayer.tasks import ClaimedTask
from pylayer.worker.handlers import Handler

__all__ = ["Threads"]

_Outcome: TypeAlias = "Future[tuple[object, BaseException | None]]"


class Threads:
    """A thread of its own for each attempt: one that hangs holds up no other, nor the end of the process.

    Its length is the number of those that run on though their attempt is over.
    """

    def __init__(self) -> None:
        self._left: set[_Outcome] = set()

    def __len__(self) -> int:
        return len(self._left)

    async def run(self, handler: Handler, task: ClaimedTask) -> object:
        """Run a handler; raise what it raises. When cancelled, the thread is left behind."""
        outcome: _Outcome = Future()
        outcome.set_running_or_notify_cancel()  # a thread cannot be cancelled
        threading.Thread(
            target=_run, args=(outcome, handler, task), name=f"pylayer-{task.task_name}", daemon=True
        ).start()
        try:
            output, error = await asyncio.wrap_future(outcome)
        except asyncio.CancelledError:
            self._left.add(outcome)
            outcome.add_done_callback(self._left.discard)  # at once when it has ended
            raise
        if error is not None:
            raise error
        return output


def _run(outcome: _Outcome, handler: Handler, task: ClaimedTask) -> None:
    try:
        outcome.set_result((handler(task), None))
    except BaseException as error:
        outcome.set_result((None, error))
