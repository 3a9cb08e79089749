"""The times of a cron expression, by cronsim."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from pylayer.errors import InvalidInput

__all__ = ["next_time"]


def next_time(cron: str, timezone: str = "UTC", after: datetime | None = None) -> datetime:
    """Return the first time of a cron expression after another.

    Args:
        cron: five fields: minute, hour, day of the month, month, day of the week.
        timezone: IANA name; daylight saving is followed as Debian's cron does.
        after: default now.

    Raises:
        InvalidInput: it is no cron expression, has no further time, or there is no such time zone.

    Example:
        >>> next_time("30 9 * * 1", after=datetime(2026, 1, 1, tzinfo=UTC)).isoformat()
        '2026-01-05T09:30:00+00:00'
    """
    try:
        start = (after or datetime.now(UTC)).astimezone(ZoneInfo(timezone))
        return next(CronSim(cron, start)).astimezone(UTC)
    except (CronSimError, StopIteration, OSError, ValueError, LookupError) as error:
        raise InvalidInput(
            "no cron expression, or no time zone",
            reason="invalid_schedule",
            detail=f"{cron!r} in {timezone!r}"[:300],
            hint="five fields such as '0 9 * * 1-5', and an IANA name such as Europe/Berlin",
        ) from error
