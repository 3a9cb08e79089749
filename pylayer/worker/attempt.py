"""One attempt of a task: its handler is run, and what comes of it is told."""

from __future__ import annotations

import asyncio
import inspect
import logging
import traceback

from pylayer.client import AsyncClient
from pylayer.errors import Conflict, NotFound, PylayerError
from pylayer.tasks import ClaimedTask, Completion
from pylayer.tasks.namespace import encode
from pylayer.worker.handlers import Abandon, Handler, Handlers
from pylayer.worker.threads import Threads

__all__ = ["attempt", "fail"]

_LOGGER = logging.getLogger("pylayer.worker")


async def attempt(
    client: AsyncClient, task: ClaimedTask, handlers: Handlers, threads: Threads
) -> Completion | None:
    """Run the handler of a task; return its completion, or None when the attempt failed."""
    handler = handlers.get(task.task_name)
    if handler is None:  # another worker, a newer one perhaps, may have it
        await fail(client, task, f"no handler of {task.task_name!r} in this worker")
        return None
    try:
        output = await _call(handler, task, threads)
        encode(output)  # here, where it can fail its task alone
    except Abandon as error:
        await fail(client, task, str(error), retry=False)
    except asyncio.CancelledError:
        if (current := asyncio.current_task()) is not None and current.cancelling():
            raise
        await fail(client, task, traceback.format_exc(limit=-8))
    except (Exception, SystemExit):
        await fail(client, task, traceback.format_exc(limit=-8))
    else:
        return Completion(task.execution_id, task.lease, output)
    return None


async def _call(handler: Handler, task: ClaimedTask, threads: Threads) -> object:
    if inspect.iscoroutinefunction(handler):
        return await handler(task)
    return await threads.run(handler, task)


async def fail(
    client: AsyncClient,
    task: ClaimedTask | Completion,
    error: str,
    *,
    retry: bool = True,
    delay_seconds: float | None = None,
) -> None:
    """Tell that an attempt failed; what cannot be told is found when the lease expires."""
    try:
        text = error.replace("\0", "\\0").encode(errors="backslashreplace").decode()
        failed = await client.tasks.fail(
            task.execution_id, task.lease, text, retry=retry, delay_seconds=delay_seconds
        )
        _LOGGER.warning("task %s %s: %s", task.execution_id, failed.status, text.strip().splitlines()[-1:])
    except (Conflict, NotFound) as lost:
        _LOGGER.warning("task %s: %s", task.execution_id, lost)
    except PylayerError as away:
        _LOGGER.error("task %s failed, and that could not be told: %s", task.execution_id, away)
