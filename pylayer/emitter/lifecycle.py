"""What happens to emitters when the process forks or ends."""

from __future__ import annotations

import atexit
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, fields, replace

from pylayer.emitter.outbox import EmitterStats

__all__ = ["Hooks", "close_all", "register", "stats", "unregister"]

_EXIT_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Hooks:
    """What is called for one emitter.

    Attributes:
        before_fork: take its lock, so that no thread is in the middle of anything.
        after_fork_in_parent: go on.
        after_fork_in_child: begin anew.
        close: flush and end, within so many seconds.
        stats: return its counters.
    """

    before_fork: Callable[[], object]
    after_fork_in_parent: Callable[[], object]
    after_fork_in_child: Callable[[], object]
    close: Callable[[float], object]
    stats: Callable[[], EmitterStats]


_registered: dict[int, Hooks] = {}
_forking: list[Hooks] = []
_closed = EmitterStats()


def register(emitter: object, hooks: Hooks) -> None:
    """Call ``hooks`` from now on; they keep the emitter alive."""
    _registered[id(emitter)] = hooks


def unregister(emitter: object) -> None:
    """Call the hooks of an emitter no more."""
    global _closed  # noqa: PLW0603
    if hooks := _registered.pop(id(emitter), None):
        # what it has not delivered stays in its spool, for another one to count
        _closed = _sum(_closed, replace(hooks.stats(), pending=0, spool_bytes=0))


def stats() -> EmitterStats:
    """Return the counters of all emitters of this process, those that are closed included."""
    return _sum(_closed, *(hooks.stats() for hooks in list(_registered.values())))


def _sum(*found: EmitterStats) -> EmitterStats:
    return EmitterStats(
        **{f.name: sum(getattr(each, f.name) for each in found) for f in fields(EmitterStats)}
    )


def close_all() -> None:
    """Close every emitter, all of them within five seconds."""
    deadline = time.monotonic() + _EXIT_SECONDS
    for hooks in list(_registered.values()):
        hooks.close(max(0.0, deadline - time.monotonic()))


def _before_fork() -> None:
    _forking[:] = list(_registered.values())
    for hooks in _forking:
        hooks.before_fork()


def _after_fork_in_parent() -> None:
    for hooks in _forking:
        hooks.after_fork_in_parent()


def _after_fork_in_child() -> None:
    global _closed  # noqa: PLW0603
    _closed = EmitterStats()
    for hooks in _forking:
        hooks.after_fork_in_child()


atexit.register(close_all)
os.register_at_fork(
    before=_before_fork, after_in_parent=_after_fork_in_parent, after_in_child=_after_fork_in_child
)
