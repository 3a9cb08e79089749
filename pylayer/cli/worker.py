"""``pylayer worker MODULE``."""

from __future__ import annotations

import asyncio
import importlib
import logging
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

from pylayer.cli.connection import connected
from pylayer.client import connect_async
from pylayer.config import Settings
from pylayer.errors import InvalidInput
from pylayer.worker import Worker, handlers

__all__ = ["register", "worker"]


def worker(
    module: Annotated[str, typer.Argument(help="Module that registers handlers with pylayer.worker.task.")],
    *,
    queue: Annotated[
        list[str] | None, typer.Option(help="Queue to work on; repeatable (default: default).")
    ] = None,
    concurrency: Annotated[int, typer.Option(min=1, max=1000, help="Most tasks at once.")] = 4,
    lease: Annotated[
        int, typer.Option(min=1, max=3600, help="Seconds that a dead worker's tasks wait.")
    ] = 60,
    grace: Annotated[float, typer.Option(min=0, help="Seconds that tasks have to end after SIGTERM.")] = 30.0,
) -> None:
    """Run tasks until SIGTERM or Ctrl-C; running tasks may then end, a second signal ends at once."""
    settings = Settings.load()
    with connected(settings, direct=True):  # tells at once what is wrong with the server
        pass
    _import(module)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    asyncio.run(_run(settings, tuple(queue or ("default",)), concurrency, lease, grace))


def _import(module: str) -> None:
    sys.path.insert(0, str(Path.cwd()))
    try:
        importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise InvalidInput("there is no such module", reason="no_module", detail=str(error)) from error
    if not len(handlers):
        raise InvalidInput(
            "the module registers no handler",
            reason="no_handler",
            detail=module,
            hint="decorate a function with pylayer.worker.task",
        )


async def _run(
    settings: Settings, queues: tuple[str, ...], concurrency: int, lease: int, grace: float
) -> None:
    direct = settings.require_database_url(direct=True)
    async with await connect_async(settings.require_database_url(), settings=settings) as client:
        running = Worker(
            client,
            queues=queues,
            concurrency=concurrency,
            lease_seconds=lease,
            grace_seconds=grace,
            listen_dsn=direct,
        )
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, lambda number=number: _stop(running, loop, number))
        typer.echo(f"worker {running.name}: {', '.join(queues)}", err=True)
        await running.run()


def _stop(running: Worker, loop: asyncio.AbstractEventLoop, number: signal.Signals) -> None:
    loop.remove_signal_handler(number)
    running.stop()


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(worker)
