"""Interrupted runs of this process, so that a resumption goes on under the same run_id."""

from __future__ import annotations

import threading

from pylayer.langgraph.scopes import Run

__all__ = ["park", "unpark"]

_MOST = 10_000  # the oldest is forgotten: its resumption is a run of its own

_parked: dict[tuple[str, ...], Run] = {}
_lock = threading.Lock()


def park(run: Run) -> None:
    """Keep an interrupted run until it is resumed."""
    if run.place is None:
        return
    with _lock:
        _parked.pop(run.place, None)
        _parked[run.place] = run
        if len(_parked) > _MOST:
            del _parked[next(iter(_parked))]


def unpark(place: tuple[str, ...] | None) -> Run | None:
    """Return the run that was interrupted there, and forget it."""
    if place is None:
        return None
    with _lock:
        return _parked.pop(place, None)
