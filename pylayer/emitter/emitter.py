"""`Emitter`: events in one call, kept until they are delivered."""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import time
from collections.abc import Callable
from multiprocessing.util import Finalize
from pathlib import Path
from types import EllipsisType, TracebackType
from typing import Self

from pylayer.config import Settings
from pylayer.emitter import lifecycle
from pylayer.emitter.deadletters import DeadLetters
from pylayer.emitter.outbox import EmitterStats, Limits, Outbox, WhenFull
from pylayer.emitter.prices import PriceCache
from pylayer.emitter.queues import open_queue
from pylayer.emitter.sender import Sender
from pylayer.emitter.transport import Transport
from pylayer.errors import InvalidInput
from pylayer.events import Event
from pylayer.events.encoding import encode_event
from pylayer.models import PriceTable

__all__ = ["Emitter"]

_log = logging.getLogger(__name__)

_ADOPTED_AT_START = 64  # rounds: 256 files; what is left then is taken over when nothing else is to be done


class Emitter:
    """Takes events at once and delivers them in the background, each of them once.

    An event that `emit` has taken stands in a file: it outlives the process, and whichever emitter runs next
    on the same spool directory delivers it. Safe between threads, and after a fork, where the child begins
    with nothing pending.

    Args:
        transport: where events go: `HttpTransport`, `SqlTransport`, or your own `Transport`; closed with the
            emitter.
        spool: directory of the files, on a local disk, one for each destination; default ``spool`` in
            ``PYLAYER_HOME``; None keeps events in memory only.
        max_batch_events: events in one send, 1 to 10,000.
        max_batch_bytes: bytes in one send; a larger event goes alone.
        max_delay: seconds that an event waits for others.
        max_spool_bytes: undelivered events that are kept, in bytes.
        when_full: above that, or when the disk is full: ``block`` makes `emit` wait, ``drop`` counts the
            event and forgets it, ``raise`` raises.
        fsync: each `emit` waits for the disk, so that events outlive a loss of power, too.

    Raises:
        InvalidInput: ``bad_limit``, a size or time that is none.

    Example:
        >>> with Emitter(HttpTransport("http://127.0.0.1:8000")) as emitter:    # doctest: +SKIP
        ...     emitter.emit(Event(
        ...         event_name="workflow.flow_issue", payload={"issue_type": "handoff", "impact": "low"}))
    """

    def __init__(
        self,
        transport: Transport,
        *,
        spool: Path | str | EllipsisType | None = ...,
        max_batch_events: int = 500,
        max_batch_bytes: int = 2**20,
        max_delay: float = 0.5,
        max_spool_bytes: int = 256 * 2**20,
        when_full: WhenFull = "block",
        fsync: bool = False,
    ) -> None:
        if isinstance(spool, EllipsisType):
            spool = Settings.from_environment().home / "spool"
        self._directory = None if spool is None else Path(spool).absolute()
        self._fsync = fsync
        self._limits = Limits(max_batch_events, max_batch_bytes, max_delay, max_spool_bytes, when_full)
        _check(self._limits)
        self._transport = transport
        self._listeners: tuple[Callable[[Event], None], ...] = ()
        self._begin()
        lifecycle.register(
            self,
            lifecycle.Hooks(
                before_fork=self._hold,
                after_fork_in_parent=self._release,
                after_fork_in_child=self._begin_in_child,
                close=self.close,
                stats=lambda: self.stats,
            ),
        )
        for _ in range(_ADOPTED_AT_START):
            if not self._outbox.adopt():
                break
        self._start()

    def emit(self, event: Event) -> str:
        """Take an event; it never waits for a network.

        Args:
            event: the event.

        Returns:
            Its ``event_id``.

        Raises:
            InvalidInput: it can't be written as JSON. TooLarge: it is over 1 MiB.
            RateLimited: ``spool_full``, with ``when_full="raise"``.
            Unavailable: ``emitter_closed``.
        """
        if self._outbox.put(_line(event)):
            self._accepted(event)
        return event.event_id

    async def aemit(self, event: Event) -> str:
        """Like `emit`; with ``when_full="block"`` it waits for room without holding up the event loop."""
        line = _line(event)
        accepted = self._outbox.put(line, wait=False)
        if accepted is None:
            accepted = await asyncio.to_thread(self._outbox.put, line)
        if accepted:
            self._accepted(event)
        return event.event_id

    def flush(self, timeout: float | None = None) -> bool:
        """Wait until all that was emitted before, or adopted, is stored or set aside as refused.

        Args:
            timeout: seconds; default for ever.

        Returns:
            Whether it is. What is not stays in the spool, and delivery goes on.
        """
        return self._outbox.flush(timeout)

    async def aflush(self, timeout: float | None = None) -> bool:
        """`flush`, without holding up the event loop."""
        return await asyncio.to_thread(self.flush, timeout)

    def close(self, timeout: float | None = 5.0) -> bool:
        """Flush, then end; what could not be delivered in time is left to the next emitter on the spool.

        Closing again does nothing. It happens by itself when the process exits.

        Args:
            timeout: seconds; None for ever.

        Returns:
            Whether everything was delivered.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        done = self._outbox.flush(timeout)
        self._outbox.stop()
        if self._sender is not None:
            # A send that hangs ends by its own timeout; the thread then closes what it uses.
            self._sender.join(None if deadline is None else max(0.2, deadline - time.monotonic()))
        lifecycle.unregister(self)
        return done

    async def aclose(self, timeout: float | None = 5.0) -> bool:
        """`close`, without holding up the event loop."""
        return await asyncio.to_thread(self.close, timeout)

    @property
    def stats(self) -> EmitterStats:
        """The counters of this process, all of one moment."""
        return self._outbox.stats

    def subscribe(self, listener: Callable[[Event], None]) -> None:
        """Have ``listener`` called with each accepted event, in the thread that emits.

        What it raises is logged. It must not emit.
        """
        self._listeners += (listener,)

    def prices(self) -> PriceTable:
        """Return the prices of models, at most an hour old; empty while the endpoint is away.

        The first call waits for them for at most two seconds, later ones never.
        """
        return self._prices.get()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _accepted(self, event: Event) -> None:
        if self._sender is None:
            self._start()
        for listener in self._listeners:
            try:
                listener(event)
            except Exception:
                _log.exception("a listener of events failed")

    def _begin(self) -> None:
        """Make what belongs to one process."""
        queue = open_queue(self._directory, self._limits.max_bytes, fsync=self._fsync)
        self._outbox = Outbox(queue, self._limits)
        self._prices = PriceCache(self._transport.prices)
        self._sender: Sender | None = None

    def _start(self) -> None:
        with self._outbox.lock:
            if self._sender is not None:
                return
            sender = Sender(self._outbox, self._transport, DeadLetters(self._directory))
            sender.start()
            self._sender = sender
        if multiprocessing.parent_process() is not None:  # such children end without atexit
            Finalize(None, lifecycle.close_all, exitpriority=0)

    def _hold(self) -> None:
        self._outbox.lock.acquire()

    def _release(self) -> None:
        self._outbox.lock.release()

    def _begin_in_child(self) -> None:
        self._outbox.abandon()
        self._begin()


def _line(event: Event) -> bytes:
    return encode_event(event).encode() + b"\n"


def _check(limits: Limits) -> None:
    positive = (limits.max_batch_bytes, limits.max_delay, limits.max_bytes)
    if not 1 <= limits.max_batch_events <= 10_000 or min(positive) <= 0:
        raise InvalidInput(
            "a limit of the emitter is not usable",
            reason="bad_limit",
            detail=str(limits),
            hint="sizes and times are above zero, max_batch_events is at most 10,000",
        )
    if limits.when_full not in ("block", "drop", "raise"):
        raise InvalidInput(
            "when_full is not known", reason="bad_limit", detail=limits.when_full, hint="block, drop or raise"
        )
