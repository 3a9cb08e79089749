"""What delivers events, and what an answer that is no result means."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Generic, Protocol, TypeVar

from pylayer.errors import Gone, InvalidInput, RateLimited, TooLarge, Unavailable, ValidationFailed
from pylayer.events import IngestResult
from pylayer.models import ModelPrice

__all__ = ["REFUSALS", "PerProcess", "Transport", "retry_after"]

T = TypeVar("T")
_LONGEST_WAIT = 300.0  # seconds, whatever an answer asks for

REFUSALS = (InvalidInput, ValidationFailed, TooLarge, Gone)
"""Errors that say something about the events. After any other the same events are sent again."""


class Transport(Protocol):
    """Sends events, from one thread at a time."""

    def send(self, events: Sequence[bytes]) -> list[IngestResult]:
        """Send a batch.

        Args:
            events: the JSON of each.

        Returns:
            One result an event, in the same order.

        Raises:
            InvalidInput, ValidationFailed, TooLarge, Gone: the batch as a whole is refused; it is split
                until the events that are at fault are found.
            Exception: any other error; the batch is sent again.
        """
        ...

    def prices(self) -> list[ModelPrice]:
        """Return the prices of models, as they are now.

        Raises:
            PylayerError: they can't be had.
        """
        ...

    def close(self) -> None:
        """Close its connections."""
        ...


class PerProcess(Generic[T]):
    """Something with connections that is made at first use, and again in a forked child.

    Args:
        make: makes it.
        close: closes it.
    """

    def __init__(self, make: Callable[[], T], close: Callable[[T], object]) -> None:
        self._make = make
        self._close = close
        self._made: dict[int, T] = {}  # a parent's stays referenced in its child, and is never closed there

    def get(self) -> T:
        """Return this process's own."""
        pid = os.getpid()
        if (found := self._made.get(pid)) is not None:
            return found
        made = self._make()
        found = self._made.setdefault(pid, made)
        if found is not made:  # another thread was faster
            self._close(made)
        return found

    def close(self) -> None:
        """Close this process's own; the next `get` makes a new one."""
        if (found := self._made.pop(os.getpid(), None)) is not None:
            self._close(found)


def retry_after(error: Exception) -> float | None:
    """Return the seconds that an answer asks to wait, if it does."""
    if not isinstance(error, RateLimited) and not (
        isinstance(error, Unavailable) and error.reason == "retry_after"
    ):
        return None
    try:
        return min(_LONGEST_WAIT, max(0.0, float(error.detail or "")))
    except ValueError:
        return None
