"""Work on many objects at once, in constant memory, with one count of the bytes handled."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TypeVar

from pylayer.backup.manifest import Progress

__all__ = ["Meter", "for_each"]

_T = TypeVar("_T")
_WORKERS = 4


class Meter:
    """Counts what several threads handle, and tells of it.

    Attributes:
        done: bytes so far.
        items: things so far.
    """

    def __init__(self, label: str, total: int, progress: Progress) -> None:
        self._label = label
        self._total = total
        self._progress = progress
        self._lock = threading.Lock()
        self.done = 0
        self.items = 0

    def add(self, size: int, items: int = 0) -> None:
        """Count bytes, and the things that are complete with them."""
        with self._lock:
            self.done += size
            self.items += items
            self._progress(self._label, self.done, self._total)


def for_each(items: Iterable[_T], work: Callable[[_T], None]) -> None:
    """Call ``work`` with each item, a few at once; the first error ends it."""
    with ThreadPoolExecutor(_WORKERS, thread_name_prefix="pylayer-backup") as workers:
        pending: set[Future[None]] = set()
        try:
            for item in items:
                if len(pending) >= 2 * _WORKERS:
                    done, pending = wait(pending, return_when=FIRST_COMPLETED)
                    _raise_first(done)
                pending.add(workers.submit(work, item))
            _raise_first(pending)
        except BaseException:
            workers.shutdown(cancel_futures=True)
            raise


def _raise_first(done: Iterable[Future[None]]) -> None:
    for future in done:
        future.result()
