"""ULIDs, made by python-ulid."""

from __future__ import annotations

import os

from ulid import ULIDGenerator

__all__ = ["new_ulid"]

_generator = ULIDGenerator()


def new_ulid(milliseconds: int | None = None) -> str:
    """Return a new ULID: 26 characters of upper-case Crockford base32.

    Those of one process and one millisecond are in the order in which they were made.

    Args:
        milliseconds: its time since 1970, UTC; default now.

    Raises:
        OverflowError: before 1970. ValueError: after the year 10889.
    """
    return str(_generator.generate(milliseconds))


def _forget_the_parents_state() -> None:
    # A generator counts up within a millisecond, so a fork's two halves would go on to the same ids.
    global _generator  # noqa: PLW0603 - one per process
    _generator = ULIDGenerator()


os.register_at_fork(after_in_child=_forget_the_parents_state)
