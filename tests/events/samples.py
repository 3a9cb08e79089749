"""Events for tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from ulid import ULID


def step(event_id: str | None = None, **changes: Any) -> dict[str, Any]:
    """A good step_completed event; ``changes`` replace or, with None, remove top-level keys."""
    event: dict[str, Any] = {
        "event_id": event_id or str(ULID()),
        "event_name": "workflow.step_completed",
        "payload": {"step_name": "build", "status": "succeeded", "duration_ms": 12},
        "run_id": "run-1",
        "item_id": "INFR-001",
    }
    event.update(changes)
    return {key: value for key, value in event.items() if value is not None}


def ulid_at(moment: datetime) -> str:
    """A ULID of that time's millisecond."""
    return str(ULID.from_datetime(moment))


def month_start(months: int = 0) -> datetime:
    """The first instant of this month, UTC, or of one ``months`` away."""
    now = datetime.now(UTC)
    year, month = divmod(now.year * 12 + now.month - 1 + months, 12)
    return datetime(year, month + 1, 1, tzinfo=UTC)


def last_millisecond() -> datetime:
    """The last millisecond of last month."""
    return month_start() - timedelta(milliseconds=1)
