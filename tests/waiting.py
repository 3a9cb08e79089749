"""Waiting for what other threads, processes and sessions do: seen, not slept for."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any


def wait_until(holds: Callable[[], Any], seconds: float = 60.0) -> Any:
    """Return what ``holds()`` returns as soon as it is true; fail loudly when it never is."""
    deadline = time.monotonic() + seconds
    while not (found := holds()):
        if time.monotonic() > deadline:
            raise AssertionError("condition never became true")
        time.sleep(0.005)
    return found
