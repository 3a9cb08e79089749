"""Prices of models for whoever emits, kept at hand."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from pylayer.models import ModelPrice, PriceTable

__all__ = ["PriceCache"]

_log = logging.getLogger(__name__)

_FRESH_SECONDS = 3600.0
_FAILED_SECONDS = 60.0
_FIRST_WAIT = 2.0


class PriceCache:
    """The last prices that were read; read anew in the background every hour, or a minute after a failure.

    Args:
        read: reads them, in a thread of its own.
    """

    def __init__(self, read: Callable[[], list[ModelPrice]]) -> None:
        self._read = read
        self._lock = threading.Lock()
        self._table = PriceTable([])
        self._stale_at = 0.0
        self._loaded = threading.Event()

    def get(self) -> PriceTable:
        """Return the prices at once; the first time, wait for them for at most two seconds."""
        with self._lock:
            stale = time.monotonic() >= self._stale_at
            if stale:
                self._stale_at = time.monotonic() + _FAILED_SECONDS
        if stale:
            threading.Thread(target=self._refresh, name="pylayer-prices", daemon=True).start()
        self._loaded.wait(_FIRST_WAIT)
        self._loaded.set()  # nobody waits a second time
        return self._table

    def _refresh(self) -> None:
        try:
            self._table = PriceTable(self._read())
            self._stale_at = time.monotonic() + _FRESH_SECONDS
        except Exception as error:
            _log.warning("prices of models can't be read; costs are not estimated until they can: %s", error)
        finally:
            self._loaded.set()
