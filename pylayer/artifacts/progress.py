"""A progress bar on anything long, when somebody is at a terminal."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from rich.progress import TransferSpeedColumn as SpeedColumn

__all__ = ["ProgressCallback", "shown"]

ProgressCallback = Callable[[int], None]
"""Called with the number of bytes handled since the last call."""

_LONG_BYTES = 8 * 1024 * 1024


@contextmanager
def shown(label: str, total: int, progress: ProgressCallback | None) -> Generator[ProgressCallback]:
    """Yield what to call with each number of bytes handled.

    That is the caller's own callback where there is one, a bar on standard error when that is a terminal,
    ``total`` is more than 8 MiB and this is the main thread, and otherwise nothing.
    """
    if progress is not None:
        yield progress
        return
    in_main_thread = threading.current_thread() is threading.main_thread()  # two bars at once are an error
    if total <= _LONG_BYTES or not sys.stderr.isatty() or not in_main_thread:
        yield _silent
        return
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), SpeedColumn())
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task(label, total=total)
        yield lambda handled: bars.advance(task, handled)


def _silent(_handled: int) -> None:
    return None
