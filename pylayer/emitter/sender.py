"""The thread that delivers: it tries again for ever, and sets aside only what is refused."""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Sequence
from itertools import count

from pylayer.emitter.deadletters import DeadLetters
from pylayer.emitter.outbox import Outbox
from pylayer.emitter.transport import REFUSALS, Transport, retry_after
from pylayer.errors import PylayerError, RateLimited, Retryable, Unavailable
from pylayer.events import IngestResult

__all__ = ["Sender"]

_log = logging.getLogger(__name__)

_FIRST_WAIT = 0.1  # seconds, doubled after each failure
_LONGEST_WAIT = 30.0
_PASSING = (Unavailable, Retryable, RateLimited)


class _Stopped(Exception):
    """The emitter was closed before a batch went through."""


class Sender(threading.Thread):
    """Takes batches from the outbox and sends them, until the outbox is stopped; then closes everything.

    Args:
        outbox: where events come from.
        transport: where they go.
        dead_letters: where those go that are not stored.
    """

    def __init__(self, outbox: Outbox, transport: Transport, dead_letters: DeadLetters) -> None:
        super().__init__(name="pylayer-emitter", daemon=True)
        self._outbox = outbox
        self._transport = transport
        self._dead_letters = dead_letters
        self._failing: str | None = None

    def run(self) -> None:
        """Deliver until stopped."""
        try:
            while not self._deliver_all():
                self._outbox.pause(_slowly(), until_flush=False)
        finally:
            self._outbox.close()
            self._transport.close()

    def _deliver_all(self) -> bool:
        """Deliver until stopped; False after a failure that should not be."""
        try:
            while batch := self._outbox.take():
                results = self._deliver(batch)
                self._dead_letters.add(batch, results)
                self._outbox.settle(batch, results)
        except _Stopped:
            return True
        except Exception:  # the spool can't be read, or a mistake of ours: the events are still there
            _log.exception("the delivery of events failed; it will go on")
            return False
        return True

    def _deliver(self, batch: Sequence[bytes]) -> list[IngestResult]:
        """Return what became of each event; a batch that is refused as a whole is sent in halves."""
        try:
            return self._send(batch)
        except REFUSALS as error:
            if len(batch) == 1:
                return [_refused(error)]
            middle = len(batch) // 2
            return self._deliver(batch[:middle]) + self._deliver(batch[middle:])

    def _send(self, batch: Sequence[bytes]) -> list[IngestResult]:
        for failures in count():
            try:
                results = self._transport.send(batch)
            except REFUSALS:
                raise
            except Exception as error:
                self._note(error)
                if not self._wait(error, failures):
                    raise _Stopped from error
            else:
                self._recovered()
                return results
        raise AssertionError("unreachable")

    def _wait(self, error: Exception, failures: int) -> bool:
        if (asked := retry_after(error)) is not None:
            return self._outbox.pause(asked * random.uniform(1.0, 1.1), until_flush=False)  # noqa: S311
        return self._outbox.pause(
            _backoff(failures) if isinstance(error, _PASSING) else _slowly(), until_flush=True
        )

    def _note(self, error: Exception) -> None:
        """Log once an outage, not once an attempt."""
        kind = f"{type(error).__name__}/{getattr(error, 'reason', None)}"
        if kind == self._failing:
            return
        self._failing = kind
        known = isinstance(error, PylayerError)
        _log.warning(
            "events can't be delivered and are kept for later: %s", error, exc_info=None if known else error
        )

    def _recovered(self) -> None:
        if self._failing is not None:
            _log.info("events are delivered again")
        self._failing = None


def _backoff(failures: int) -> float:
    """Return the seconds to wait: exponential, with full jitter, so that many emitters spread out."""
    return random.uniform(0, min(_LONGEST_WAIT, _FIRST_WAIT * 2 ** min(failures, 16)))  # noqa: S311


def _slowly() -> float:
    """Return the seconds to wait for what only somebody can mend: a key, a right, an address."""
    return random.uniform(_LONGEST_WAIT / 2, _LONGEST_WAIT)  # noqa: S311


def _refused(error: PylayerError) -> IngestResult:
    return IngestResult(
        event_id=None,
        status="refused",
        code=error.code,
        reason=error.reason,
        detail=error.detail or error.message,
    )
