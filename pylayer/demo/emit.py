"""The events of one run: its steps, the gaps it finds, the states of the run and of its work item."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from pylayer.client import Client
from pylayer.demo.findings import FindingGroup
from pylayer.demo.steps import StepResult
from pylayer.demo.text import plain
from pylayer.events import Event, StoredEvent

__all__ = ["WORKFLOW", "RunEvents"]

WORKFLOW = "source_audit"

_ROLES = {"collect": "collector", "inspect": "inspector", "report": "reporter", "bundle": "archivist"}
_ACTOR = "auditor"
_STATE_CHANGED = "workflow.item_state_changed"
_PAGE = 1000


class RunEvents:
    """Reports one run; every event carries its run, item and workflow.

    Args:
        client: where the events go.
        run_id: the run.
        item_id: the work item that the run is about.

    Raises:
        Conflict: ``not_migrated``, the database has no schema of pylayer.
    """

    def __init__(self, client: Client, run_id: str, item_id: str) -> None:
        self._client = client
        self.run_id = run_id
        self.item_id = item_id
        self._states: dict[str, tuple[str, datetime]] = {}
        if last := self._last_change():
            self._states[item_id] = (str(last.payload["to_state"]), last.ts or last.recorded_at)

    def started(self) -> None:
        """Report that the run began and the item is in progress; a new item comes from the backlog."""
        events = self._moves(self.run_id, "running")
        if self.item_id not in self._states:
            events += self._moves(self.item_id, "backlog")
        self._send(events + self._moves(self.item_id, "in_progress"))

    def in_review(self) -> None:
        """Report that everything is stored and waits for its check."""
        self._send(self._moves(self.item_id, "in_review"))

    def succeeded(self) -> None:
        """Report that item and run are done."""
        self._send(self._moves(self.item_id, "done") + self._moves(self.run_id, "succeeded"))

    def failed(self, step: StepResult | None, reason: str) -> None:
        """Report a failed run and the step that failed, if one did; the item goes back to the backlog."""
        steps = [] if step is None else [self._step(step)]
        back = self._moves(self.item_id, "backlog", reason)
        self._send(steps + back + self._moves(self.run_id, "failed", reason))

    def step_completed(self, step: StepResult, gaps: Iterable[FindingGroup] = ()) -> None:
        """Report a step, after the gaps that it found."""
        self._send([*(self._gap(group) for group in gaps), self._step(step)])

    def _last_change(self) -> StoredEvent | None:
        last: StoredEvent | None = None
        while True:
            page = self._client.events.query(
                event_name=_STATE_CHANGED,
                item_id=self.item_id,
                limit=_PAGE,
                after=last.event_id if last else None,
            )
            own = [event for event in page if event.item_id == self.item_id]
            last = own[-1] if own else last
            if len(page) < _PAGE:
                return last

    def _moves(self, item_id: str, to_state: str, reason: str | None = None) -> list[Event]:
        known = self._states.get(item_id)
        if known is not None and known[0] == to_state:
            return []
        now = datetime.now(UTC)
        payload: dict[str, object] = {
            "item_type": "workflow_run" if item_id == self.run_id else "task",
            "from_state": known[0] if known else None,
            "to_state": to_state,
            "actor": _ACTOR,
        }
        if known is not None:
            payload["time_in_state_seconds"] = max(0.0, round((now - known[1]).total_seconds(), 3))
        if reason is not None:
            payload["reason"] = reason
        self._states[item_id] = (to_state, now)
        return [self._event(_STATE_CHANGED, _ACTOR, payload, item_id)]

    def _step(self, step: StepResult) -> Event:
        payload: dict[str, object] = {
            "step_name": step.name,
            "status": step.status,
            "duration_ms": step.duration_ms,
            "retry_count": step.retry_count,
        }
        if step.error is not None:
            payload["error"] = step.error
        return self._event("workflow.step_completed", _ROLES[step.name], payload, self.item_id)

    def _gap(self, group: FindingGroup) -> Event:
        payload: dict[str, object] = {
            "gap_type": group.gap_type,
            "severity": group.severity,
            "stage_found": "inspect",
            "description": f"{group.title}: {group.count} in {group.files} files, first {group.example}",
            "count": group.count,
            "files": group.files,
        }
        return self._event("workflow.gap_found", _ROLES["inspect"], payload, self.item_id)

    def _event(self, name: str, role: str, payload: dict[str, object], item_id: str) -> Event:
        return Event(
            event_name=name,
            payload={
                key: plain(value) if isinstance(value, str) else value for key, value in payload.items()
            },
            run_id=self.run_id,
            item_id=item_id,
            workflow_name=WORKFLOW,
            agent_role=role,
        )

    def _send(self, events: list[Event]) -> None:
        if events:
            self._client.events.ingest_many(events)
