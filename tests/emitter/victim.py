"""A process that emits and is killed by SIGKILL at a named point: ``victim.py DSN SPOOL POINT COUNT``.

Each id is printed once its ``emit`` has returned. Some of the events are refused.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pylayer.emitter import Emitter, SqlTransport
from pylayer.emitter.deadletters import DeadLetters
from pylayer.emitter.queues import Spool
from pylayer.emitter.segment import Segment
from pylayer.events import Event


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _dying(owner: type, name: str, calls: int, *, after: bool) -> None:
    """Make the ``calls``-th call of a method the last thing that the process does."""
    real: Callable[..., Any] = getattr(owner, name)
    count = 0

    def method(*args: Any, **kwargs: Any) -> Any:
        nonlocal count
        count += 1
        if count == calls and not after:
            _die()
        result = real(*args, **kwargs)
        if count == calls:
            _die()
        return result

    setattr(owner, name, method)


def _torn(calls: int) -> None:
    """Die when half of a line is written."""
    real = os.pwrite
    count = 0

    def pwrite(fd: int, data: bytes, at: int) -> int:
        nonlocal count
        count += 1
        if count == calls:
            real(fd, data[: len(data) // 2], at)
            _die()
        return real(fd, data, at)

    os.pwrite = pwrite  # type: ignore[assignment]


POINTS: dict[str, Callable[[], None]] = {
    "never": lambda: None,
    "in a write": lambda: _torn(30),
    "after a write": lambda: _dying(Segment, "append", 30, after=True),
    "before a send": lambda: _dying(SqlTransport, "send", 2, after=False),
    "after a send": lambda: _dying(SqlTransport, "send", 2, after=True),
    "before the dead letters": lambda: _dying(DeadLetters, "add", 2, after=False),
    "before the acknowledgement": lambda: _dying(Segment, "acknowledge", 2, after=False),
    "after the acknowledgement": lambda: _dying(Segment, "acknowledge", 2, after=True),
    "before a rotation": lambda: _dying(Spool, "_rotate", 2, after=False),
    "in a rotation": lambda: _dying(Segment, "create", 2, after=True),
    "after a rotation": lambda: _dying(Spool, "_rotate", 2, after=True),
    "before a removal": lambda: _dying(Segment, "remove", 1, after=False),
    "after a removal": lambda: _dying(Segment, "remove", 1, after=True),
}


def main(dsn: str, spool: str, point: str, count: int) -> None:
    """Emit, at last close."""
    POINTS[point]()
    emitter = Emitter(SqlTransport(dsn), spool=Path(spool), max_batch_events=10, max_delay=0.01)
    emitter._outbox._queue._segment_bytes = 4000  # type: ignore[attr-defined]
    for n in range(count):
        kind = n if n % 25 == 7 else str(n)  # a number is refused
        one = Event(event_name="workflow.flow_issue", payload={"issue_type": kind, "impact": "low"})
        print(emitter.emit(one), flush=True)
    emitter.close(20)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
