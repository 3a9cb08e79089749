"""`client.retention`: the calls of schema telemetry that take months out of the table of events."""

from __future__ import annotations

from datetime import datetime
from typing import TypeAlias

from pylayer.calls import Namespace, Plan, R, call, one, operation, rows, scalar
from pylayer.retention.models import RetentionStatus, RetentionStep

__all__ = ["Retention"]

_Steps: TypeAlias = list[RetentionStep]


class Retention(Namespace[R]):
    """Months below the retention floor, and what is done with each; `pylayer maintain` does it."""

    @operation
    def status(self) -> Plan[RetentionStatus]:
        """Return how far the months reach, forward and back.

        Example:
            >>> client.retention.status().months_ahead
            3
        """
        return (yield from call("telemetry.retention_status", {}, one(RetentionStatus), repeatable=True))

    @operation
    def steps(self) -> Plan[_Steps]:
        """Return what is to be done next with each month below the floor that is still there."""
        return (yield from call("telemetry.retention_steps", {}, rows(RetentionStep), repeatable=True))

    @operation
    def raise_floor(self) -> Plan[str]:
        """Raise the retention floor by ``core.settings.retention_days``, and return it (admin)."""
        return (yield from call("telemetry.raise_retention_floor", {}, scalar, repeatable=True))

    @operation
    def seal(self, month: datetime) -> Plan[int]:
        """Let nothing be added to a month any more, and return the number of its events (admin).

        Raises:
            NotFound, Conflict: it is not its turn. Retryable: a writer holds the month.
        """
        return (yield from call("telemetry.seal_month", {"p_month": month}, scalar))

    @operation
    def attach(self, month: datetime) -> Plan[None]:
        """Put a month that stands beside the table of events back into it (admin).

        Raises:
            Conflict: there is no such month. Retryable: somebody holds it.
        """
        yield from call("telemetry.attach_month", {"p_month": month}, scalar)

    @operation
    def drop(self, month: datetime) -> Plan[int]:
        """Drop a detached month after a last count of it, and return the number of its events (admin).

        Raises:
            NotFound, Conflict: it is not its turn, or it is not what was counted and archived.
            Retryable: somebody holds it.
        """
        return (yield from call("telemetry.drop_month", {"p_month": month}, scalar))
