"""`client.rollups`: counting the events into what is kept of them for ever."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from pylayer.calls import Namespace, Plan, R, call, one, operation

__all__ = ["Refreshed", "Rollups"]


class Refreshed(BaseModel):
    """What a refresh did.

    Attributes:
        events: how many events it counted.
        behind: whether more were waiting when it ended.
    """

    model_config = ConfigDict(frozen=True)

    events: int
    behind: bool


class Rollups(Namespace[R]):
    """Rollups of the events: each committed event counts once."""

    @operation
    def refresh(self) -> Plan[Refreshed]:
        """Count the events that are waiting into the rollups (admin; part of `pylayer maintain`).

        Each call of the database counts a part of them in a transaction of its own, so that what is done
        stays done. A transaction that still runs holds back what was recorded after it began, until a later
        refresh.

        Raises:
            Retryable: another refresh took longer than 30 seconds, four times over.

        Example:
            >>> client.rollups.refresh().behind
            False
        """
        counted = 0
        while True:
            done = yield from call("telemetry.refresh_rollups", {}, one(Refreshed), repeatable=True)
            counted += done.events
            if not done.behind:
                return Refreshed(events=counted, behind=False)
