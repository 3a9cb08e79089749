"""Reports of long runs do not wait for the run's end.

What the nodes of a run report is emitted together, at the run's end or soon, because one event costs several
times as much between two nodes as in a row with others.
"""

from __future__ import annotations

import os
import threading
import time

from pylayer.langgraph.scopes import Run

__all__ = ["MAX_DELAY", "attend", "dismiss"]

MAX_DELAY = 0.1  # seconds

_lock = threading.Lock()
_runs: set[Run] = set()
_attendant: threading.Thread | None = None


def attend(run: Run) -> None:
    """Emit the reports of a run within `MAX_DELAY` seconds, until it is closed."""
    global _attendant  # noqa: PLW0603 - one per process
    with _lock:
        _runs.add(run)
        if _attendant is None:
            _attendant = threading.Thread(target=_attend_all, name="pylayer-langgraph", daemon=True)
            _attendant.start()


def dismiss(run: Run) -> None:
    """Leave a run that ended to itself."""
    with _lock:
        _runs.discard(run)


def _attend_all() -> None:
    global _attendant  # noqa: PLW0603 - one per process
    met: set[Run] = set()
    while True:
        time.sleep(MAX_DELAY / 2)
        with _lock:
            open_runs = set(_runs)
            _runs.difference_update([run for run in open_runs if run.closed])
            if not open_runs:
                _attendant = None
                return
        for (
            run
        ) in open_runs:  # but for new ones, which may well end, and emit all at once, before the next look
            if run in met or run.closed:
                run.flush()
        met = open_runs


def _forget_the_parents_runs() -> None:
    global _attendant, _lock  # noqa: PLW0603 - one per process
    _lock = threading.Lock()
    _attendant = None
    _runs.clear()


os.register_at_fork(after_in_child=_forget_the_parents_runs)
