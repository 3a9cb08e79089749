"""What goes in and out of `client.events`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from pylayer.ids import new_ulid

__all__ = ["Event", "EventInput", "IngestResult", "Month", "StoredEvent"]


class Event(BaseModel):
    """One workflow event. The database checks it against the contract of its type.

    Attributes:
        event_id: ULID; made when the event is, so that sending it again is safe.
        event_name: registered name, such as ``workflow.step_completed``.
        event_version: version of the payload contract.
        payload: the facts of the event.
        ts: when it happened; default the time in ``event_id``.
        run_id: workflow run, free text.
        item_id: work item, free text such as ``INFR-001``.
        workflow_name: workflow, free text.
        agent_role: role of the agent that reports it, free text.
        project_id: project, free text.
        metadata: source ids and trace context; no rule reads it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    event_id: str = Field(default_factory=new_ulid)
    event_name: str
    event_version: int = 1
    payload: dict[str, Any]
    ts: datetime | None = None
    run_id: str | None = None
    item_id: str | None = None
    workflow_name: str | None = None
    agent_role: str | None = None
    project_id: str | None = None
    metadata: dict[str, Any] | None = None


class StoredEvent(Event):
    """An event as the database stores it; ``ts`` is always known.

    Attributes:
        recorded_at: when the database stored it.
    """

    recorded_at: datetime


EventInput: TypeAlias = Event | Mapping[str, Any]


class IngestResult(BaseModel):
    """What became of one event.

    Attributes:
        position: place in the batch, from 1.
        event_id: the event's id, or None when it has none.
        status: ``created``; ``duplicate`` (known, same content); ``conflict`` (known with other content, not
            stored); ``refused`` (only with ``on_error="report"``).
        code: SQLSTATE of a refusal.
        reason: machine-readable reason of a refusal.
        detail: the values behind a refusal.
    """

    model_config = ConfigDict(frozen=True)

    position: int = 1
    event_id: str | None
    status: Literal["created", "duplicate", "conflict", "refused"]
    code: str | None = None
    reason: str | None = None
    detail: str | None = None

    @property
    def created(self) -> bool:
        """Whether this call stored the event."""
        return self.status == "created"


class Month(BaseModel):
    """One monthly partition of the events.

    Attributes:
        month: its start, UTC.
        partition: its table.
        created: whether this call made it.
    """

    month: datetime
    partition: str
    created: bool
