"""The emitter that is used where none is named."""

from __future__ import annotations

import os
import threading

from pylayer.config import Settings
from pylayer.emitter.emitter import Emitter
from pylayer.emitter.http import HttpTransport
from pylayer.emitter.sql import SqlTransport
from pylayer.emitter.transport import Transport

__all__ = ["configure", "default_emitter", "transport_for"]

_lock = threading.Lock()
_current: list[Emitter] = []  # at most one

os.register_at_fork(before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_lock.release)


def default_emitter() -> Emitter:
    """Return the emitter of this process, made at the first call.

    It sends to ``TELEMETRY_ENDPOINT`` with ``TELEMETRY_API_KEY`` where that is set, else to ``DATABASE_URL``,
    else to the embedded stack.

    Raises:
        InvalidInput: a setting is not usable.
    """
    with _lock:
        if not _current:
            _current.append(Emitter(transport_for()))
        return _current[0]


def configure(emitter: Emitter | None) -> Emitter | None:
    """Use another emitter as the default one, or None for a new one of the settings.

    Returns:
        The one that was used before, still open, or None.
    """
    with _lock:
        old = _current[0] if _current else None
        _current[:] = [] if emitter is None else [emitter]
        return old


def transport_for(settings: Settings | None = None) -> Transport:
    """Return the transport that settings name: HTTP where there is an endpoint, else SQL.

    Args:
        settings: default those of the environment.

    Raises:
        InvalidInput: a setting is not usable.
    """
    known = settings or Settings.from_environment()
    if known.telemetry_endpoint is None:
        return SqlTransport(settings=settings)
    key = known.telemetry_api_key
    return HttpTransport(known.telemetry_endpoint, key.get_secret_value() if key else None)
