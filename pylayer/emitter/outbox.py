"""The bounded queue between the threads that emit and the one that delivers, and its counters."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Condition, RLock
from typing import Literal, TypeAlias

from pylayer.emitter.queues import Queue
from pylayer.errors import RateLimited, Unavailable
from pylayer.events import IngestResult

__all__ = ["EmitterStats", "Limits", "Outbox", "WhenFull"]

_log = logging.getLogger(__name__)

WhenFull: TypeAlias = Literal["block", "drop", "raise"]
_LOOK_AGAIN = 0.25  # seconds after which an emit that waits for room tries again: others free disk, too
_ADOPT_EVERY = 5.0  # seconds between two looks for what dead processes left


@dataclass(frozen=True, slots=True)
class Limits:
    """How much an emitter keeps and sends at once.

    Attributes:
        max_batch_events: events in one call.
        max_batch_bytes: bytes in one call, unless a single event is larger.
        max_delay: seconds that an event waits for others, while the endpoint answers.
        max_bytes: undelivered events, in bytes.
        when_full: what `Emitter.emit` does above that: wait, drop the event, or raise.
    """

    max_batch_events: int
    max_batch_bytes: int
    max_delay: float
    max_bytes: int
    when_full: WhenFull


@dataclass(frozen=True, slots=True)
class EmitterStats:
    """Counters of one emitter in one process.

    ``emitted + adopted`` is ``delivered + conflicts + refused + pending``.

    Attributes:
        emitted: events that ``emit`` accepted.
        adopted: events taken over from processes that ended before they were delivered.
        delivered: events that are stored.
        duplicates: those of them that were stored before, by a send whose answer was lost.
        conflicts: events not stored, because their id is known with other content.
        refused: events not stored, for the reason in the dead letters.
        dropped: events not accepted (``when_full="drop"``).
        retries: sends that failed and were, or will be, made again.
        pending: events that wait for delivery.
        spool_bytes: their size.
    """

    emitted: int = 0
    adopted: int = 0
    delivered: int = 0
    duplicates: int = 0
    conflicts: int = 0
    refused: int = 0
    dropped: int = 0
    retries: int = 0
    pending: int = 0
    spool_bytes: int = 0


class Outbox:
    """Events on their way. Every method may be called from any thread.

    Args:
        queue: where they wait; the outbox locks it, and closes it.
        limits: sizes, times and policy.
    """

    def __init__(self, queue: Queue, limits: Limits) -> None:
        self.lock = RLock()  # a signal handler may emit while its thread does
        self._work = Condition(self.lock)  # the sender waits for something to do
        self._progress = Condition(self.lock)  # those who emit or flush wait for room or an end
        self._queue = queue
        self._limits = limits
        self._counts: Counter[str] = Counter()
        self._entered = 0  # events that ever came in; first in, first out, so numbers compare
        self._settled = 0  # events that ever left
        self._bytes = 0
        self._due = 0.0  # when the oldest event has waited long enough
        self._hurry = 0  # events up to this number are due at once
        self._flushes = 0
        self._next_look = 0.0
        self._disk_full = False
        self._stopping = False

    def put(self, line: bytes, *, wait: bool = True) -> bool | None:
        """Take one event.

        Args:
            line: its JSON and a newline.
            wait: with ``when_full="block"``, wait for room.

        Returns:
            Whether it was accepted; None when ``wait`` is false and it would have to.

        Raises:
            RateLimited: ``spool_full``, with ``when_full="raise"``.
            Unavailable: ``emitter_closed``.
        """
        with self.lock:
            while not self._enter(line):
                self._hurry = self._entered
                self._work.notify()
                match self._limits.when_full:
                    case "drop":
                        self._counts["dropped"] += 1
                        return False
                    case "raise":
                        raise self._full()
                    case "block":
                        if not wait:
                            return None
                        self._progress.wait(_LOOK_AGAIN)
        return True

    def take(self) -> list[bytes]:
        """Wait until events are due and return a batch of them; nothing once `stop` was called."""
        with self.lock:
            while not self._stopping:
                now = time.monotonic()
                if not self._pending:
                    if now >= self._next_look:
                        self._next_look = 0.0 if self.adopt() else now + _ADOPT_EVERY
                    else:
                        self._work.wait(self._next_look - now)
                elif self._is_due(now):
                    return self._queue.read(self._limits.max_batch_events, self._limits.max_batch_bytes)
                else:
                    self._work.wait(self._due - now)
        return []

    def settle(self, batch: Sequence[bytes], results: Sequence[IngestResult]) -> None:
        """Count what became of a batch, and let go of it."""
        with self.lock:
            self._queue.acknowledge(batch)
            self._settled += len(batch)
            self._bytes -= sum(map(len, batch)) + len(batch)
            self._counts.update(result.status for result in results)
            self._due = time.monotonic() + self._limits.max_delay
            self._progress.notify_all()

    def pause(self, seconds: float, *, until_flush: bool) -> bool:
        """Wait after a failed send, with ``until_flush`` only until somebody flushes.

        Returns:
            False when `stop` was called.
        """
        with self.lock:
            self._counts["retries"] += 1
            flushes = self._flushes
            self._work.wait_for(
                lambda: self._stopping or (until_flush and self._flushes > flushes), timeout=seconds
            )
            return not self._stopping

    def flush(self, timeout: float | None) -> bool:
        """Wait until all that came in before this call has left; whether it has."""
        with self.lock:
            target = self._hurry = self._entered
            self._flushes += 1
            self._work.notify()
            self._progress.wait_for(lambda: self._settled >= target or self._stopping, timeout)
            return self._settled >= target

    def adopt(self) -> bool:
        """Take over some of what dead processes left, while nothing is pending; whether there was any."""
        with self.lock:
            try:
                events, size = self._queue.adopt()
            except OSError as error:
                _log.warning("the spool directory can't be read: %s", error)
                return False
            self._counts["adopted"] += events
            self._entered += events
            self._bytes += size
            self._hurry = self._entered
            return events > 0

    def stop(self) -> None:
        """Wake everybody: no event is taken in or handed out any more."""
        with self.lock:
            self._stopping = True
            self._work.notify_all()
            self._progress.notify_all()

    def close(self) -> None:
        """Stop, and give what is pending up to the next process."""
        self.stop()
        with self.lock:
            self._queue.close()

    def abandon(self) -> None:
        """Let go, in a forked child, of what belongs to its parent."""
        self._queue.abandon()

    @property
    def stats(self) -> EmitterStats:
        """The counters, all of one moment."""
        with self.lock:
            counts = self._counts
            return EmitterStats(
                emitted=self._entered - counts["adopted"],
                adopted=counts["adopted"],
                delivered=counts["created"] + counts["duplicate"],
                duplicates=counts["duplicate"],
                conflicts=counts["conflict"],
                refused=counts["refused"],
                dropped=counts["dropped"],
                retries=counts["retries"],
                pending=self._pending,
                spool_bytes=self._bytes,
            )

    @property
    def _pending(self) -> int:
        return self._entered - self._settled

    def _enter(self, line: bytes) -> bool:
        if self._stopping:
            raise Unavailable("the emitter is closed", reason="emitter_closed", hint="make a new one")
        size = len(line)
        if self._pending and self._bytes + size > self._limits.max_bytes:
            return False
        try:
            self._queue.append(line)
        except OSError as error:
            if not self._disk_full:
                _log.warning("the spool can't be written (%s): it counts as full until it can", error)
            self._disk_full = True
            return False
        self._disk_full = False
        self._bytes += size
        self._entered += 1
        pending = self._pending
        if pending == 1:
            self._due = time.monotonic() + self._limits.max_delay
            self._work.notify()
        elif pending == self._limits.max_batch_events:
            self._work.notify()
        return True

    def _is_due(self, now: float) -> bool:
        return (
            now >= self._due or self._settled < self._hurry or self._pending >= self._limits.max_batch_events
        )

    def _full(self) -> RateLimited:
        return RateLimited(
            "the spool is full",
            reason="spool_full",
            detail=f"{_LOOK_AGAIN}",
            hint="see why events are not delivered, raise max_spool_bytes, or choose when_full='block'",
        )
