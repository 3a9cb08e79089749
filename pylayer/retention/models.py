"""What comes out of `client.retention`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

__all__ = ["RetentionReport", "RetentionStatus", "RetentionStep", "label"]


def label(month: datetime) -> str:
    """Return a month as ``2026-01``."""
    return f"{month.astimezone(UTC):%Y-%m}"


class RetentionStep(BaseModel):
    """What is to be done next with a month below the retention floor.

    Attributes:
        month: its start, UTC.
        partition: its table.
        step: what to do; ``wait`` is nothing yet.
        reason: why it waits: ``grace``, ``not_counted``, ``restored`` or ``restoring``; else None.
    """

    model_config = ConfigDict(frozen=True)

    month: datetime
    partition: str
    step: Literal["seal", "archive", "detach", "finalize", "attach", "drop", "wait"]
    reason: str | None


class RetentionStatus(BaseModel):
    """How far the months reach.

    Attributes:
        months_ahead: whole months after this one that are there without a gap.
        oldest_month: start of the oldest month in the table of events; None when there is none.
        retention_floor: before this time events are refused.
        waiting_months: months below the floor that are still there.
        overdue_months: those of them that should have been dropped by now.
    """

    model_config = ConfigDict(frozen=True)

    months_ahead: int
    oldest_month: datetime | None
    retention_floor: datetime
    waiting_months: int
    overdue_months: int


class RetentionReport(BaseModel):
    """What one round of retention did.

    Attributes:
        floor: the month before which events are refused, as ``2026-01``.
        archived: months whose archive was written and read back.
        dropped: months that are gone.
        waiting: months that are not due or that somebody holds, each with the reason.
        errors: months that could not go on, each with what was wrong.
    """

    floor: str
    archived: list[str] = []
    dropped: list[str] = []
    waiting: list[str] = []
    errors: list[str] = []
