"""The work item that a run is about: each change of its state is an event."""

from __future__ import annotations

from datetime import UTC, datetime

from pylayer.client import Client
from pylayer.events import EventSink, StoredEvent, current_context, emit_item_state_changed

__all__ = ["AuditItem"]

_PAGE = 1000


class AuditItem:
    """The item of the `run_context`, which it outlives: it goes on from the state of the last run.

    Args:
        client: where the last state is read.
        item_id: the item.
        emitter: where the events go.

    Raises:
        Conflict: ``not_migrated``, the database has no schema of pylayer.
        Unavailable: the database is away.
    """

    def __init__(self, client: Client, item_id: str, emitter: EventSink) -> None:
        self._emitter = emitter
        self._state: str | None = None
        self._since: datetime | None = None
        if last := _last_change(client, item_id):
            self._state, self._since = str(last.payload["to_state"]), last.ts

    def start(self) -> None:
        """Take it up; a new one comes from the backlog."""
        if self._state is None:
            self.move("backlog")
        self.move("in_progress")

    def move(self, to_state: str, reason: str | None = None) -> None:
        """Change its state; the one that it has changes nothing."""
        if to_state == self._state:
            return
        now = datetime.now(UTC)
        seconds = None if self._since is None else max(0.0, round((now - self._since).total_seconds(), 3))
        emit_item_state_changed(
            item_type="task",
            from_state=self._state,
            to_state=to_state,
            reason=reason,
            actor=current_context().agent_role,
            time_in_state_seconds=seconds,
            ts=now,
            emitter=self._emitter,
        )
        self._state, self._since = to_state, now


def _last_change(client: Client, item_id: str) -> StoredEvent | None:
    last: StoredEvent | None = None
    while True:
        page = client.events.query(
            event_name="workflow.item_state_changed",
            item_id=item_id,
            limit=_PAGE,
            after=last.event_id if last else None,
        )
        last = page[-1] if page else last
        if len(page) < _PAGE:
            return last
