"""Times as people write them: an age such as ``15m``, ``24h`` or ``7d``, or an ISO 8601 time."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from pylayer.errors import InvalidInput

__all__ = ["time_ago", "time_ahead"]

_SPAN = re.compile(r"(\d+)([smhdw])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def time_ago(text: str) -> datetime:
    """Return the time that lies a span back, or the ISO 8601 time; without a zone it is UTC.

    Raises:
        InvalidInput: ``invalid_time``.
    """
    return _time(text, -1)


def time_ahead(text: str) -> datetime:
    """Return the time that lies a span ahead, or the ISO 8601 time, as `time_ago` does."""
    return _time(text, 1)


def _time(text: str, direction: int) -> datetime:
    try:
        if span := _SPAN.fullmatch(text):
            return datetime.now(UTC) + direction * timedelta(**{_UNITS[span[2]]: int(span[1])})
        parsed = datetime.fromisoformat(text)
    except (ValueError, OverflowError) as error:
        raise InvalidInput(
            "not a time", reason="invalid_time", detail=text, hint="15m, 24h, 7d or 2026-01-31T12:00:00Z"
        ) from error
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
