"""How often this process called each stored function, how long it took, and how it ended."""

from __future__ import annotations

import re
import time
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock
from types import TracebackType
from typing import Self

from pylayer.errors import PylayerError

__all__ = ["BOUNDS_SECONDS", "CallTimes", "call_times", "timed"]

BOUNDS_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_FUNCTION = re.compile(r"\bfrom (\w+\.\w+)\(")


@dataclass(frozen=True, slots=True)
class CallTimes:
    """The calls of one function that ended in one way.

    Attributes:
        seconds: their sum; waiting for a connection is part of it.
        buckets: calls by duration: up to each of `BOUNDS_SECONDS` but above the one before; then above all.
    """

    seconds: float
    buckets: tuple[int, ...]


class _Times:
    __slots__ = ("buckets", "seconds")

    def __init__(self) -> None:
        self.seconds = 0.0
        self.buckets = [0] * (len(BOUNDS_SECONDS) + 1)


_lock = Lock()
_times: dict[tuple[str, str], _Times] = {}


def call_times() -> Mapping[tuple[str, str], CallTimes]:
    """Return this process's calls by function and outcome: ``ok``, an SQLSTATE, or the kind of error."""
    with _lock:
        return {key: CallTimes(times.seconds, tuple(times.buckets)) for key, times in _times.items()}


class timed:  # noqa: N801 - a context manager
    """Count one call; it does not handle the exception with which it ends.

    Args:
        sql: the statement that calls the function.
    """

    __slots__ = ("_begin", "_sql")

    def __init__(self, sql: str) -> None:
        self._sql = sql

    def __enter__(self) -> Self:
        self._begin = time.perf_counter()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        seconds = time.perf_counter() - self._begin
        key = (_function(self._sql), _outcome(error))
        with _lock:
            times = _times.get(key) or _times.setdefault(key, _Times())
            times.seconds += seconds
            times.buckets[bisect_left(BOUNDS_SECONDS, seconds)] += 1


@lru_cache(maxsize=512)
def _function(sql: str) -> str:
    found = _FUNCTION.search(sql)
    return found[1] if found else ""


def _outcome(error: BaseException | None) -> str:
    if error is None:
        return "ok"
    return (isinstance(error, PylayerError) and error.code) or type(error).__name__
