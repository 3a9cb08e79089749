"""`client.events`: the calls of schema telemetry."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Literal

from pylayer.calls import Namespace, Plan, R, call, one, operation, rows, scalar
from pylayer.events.encoding import encode_batch, encode_event
from pylayer.events.models import EventInput, IngestResult, Month, StoredEvent

__all__ = ["Events"]

_BEGINNING = datetime(1970, 1, 3, tzinfo=UTC)


class Events(Namespace[R]):
    """Workflow events: each id is stored once, for ever, whatever is sent again."""

    @operation
    def ingest(self, event: EventInput) -> Plan[IngestResult]:
        """Store one event.

        Args:
            event: an `Event`, or a mapping with its keys; a mapping brings its own ``event_id``.

        Returns:
            Its status: ``created``, ``duplicate`` or ``conflict``.

        Raises:
            InvalidInput: malformed. Gone: below the retention floor. TooLarge: over the size limit.
            ValidationFailed: it does not fulfil its contract, or its id lies in the future.

        Example:
            >>> result = client.events.ingest(Event(
            ...     event_name="workflow.flow_issue",
            ...     payload={"issue_type": "handoff", "impact": "low"},
            ... ))
            >>> result.status
            'created'
        """
        params = {"p_event": encode_event(event)}
        return (yield from call("telemetry.ingest_event", params, one(IngestResult), repeatable=True))

    @operation
    def ingest_many(
        self, events: Iterable[EventInput], on_error: Literal["raise", "report"] = "raise"
    ) -> Plan[list[IngestResult]]:
        """Store a batch of events in one call: all or none, unless ``on_error`` is ``report``.

        Args:
            events: at most 10,000 events and 64 MiB of JSON.
            on_error: ``raise``: the first bad event raises and nothing is stored; ``report``: bad events come
                back as ``refused``, the others are stored.

        Returns:
            One result an event, in input order.

        Raises:
            InvalidInput, Gone, TooLarge, ValidationFailed: as `ingest`, with ``on_error="raise"``.
        """
        params = {"p_events": encode_batch(events), "p_on_error": on_error}
        return (yield from call("telemetry.ingest_events", params, rows(IngestResult), repeatable=True))

    @operation
    def query(
        self,
        since: datetime | None = None,
        until: datetime | None = None,
        *,
        event_name: str | None = None,
        run_id: str | None = None,
        item_id: str | None = None,
        workflow_name: str | None = None,
        agent_role: str | None = None,
        project_id: str | None = None,
        limit: int = 1000,
        after: str | None = None,
    ) -> Plan[list[StoredEvent]]:
        """Return a page of events in id order.

        Args:
            since: earliest ``ts``; default the beginning.
            until: ``ts`` before which to stop; default now and what lies ahead of it.
            event_name, run_id, item_id, workflow_name, agent_role, project_id: exact filters.
            limit: 1 to 10,000 events.
            after: ``event_id`` that ended the previous page.

        Raises:
            InvalidInput: a limit, range or cursor that is none.
        """
        params: dict[str, Any] = {
            "p_from": since or _BEGINNING,
            "p_to": until or datetime.max.replace(tzinfo=UTC),
            "p_event_name": event_name,
            "p_run_id": run_id,
            "p_item_id": item_id,
            "p_workflow_name": workflow_name,
            "p_agent_role": agent_role,
            "p_project_id": project_id,
            "p_limit": limit,
            "p_after": after,
        }
        return (yield from call("telemetry.events_between", params, rows(StoredEvent), repeatable=True))

    @operation
    def timeline(
        self, run_id: str, *, limit: int = 1000, after: tuple[datetime, str] | None = None
    ) -> Plan[list[StoredEvent]]:
        """Return a page of a run's events in the order in which they happened: by ``ts``, then id.

        Args:
            run_id: the run; one without events has an empty timeline.
            limit: 1 to 10,000 events.
            after: ``ts`` and ``event_id`` of the event that ended the previous page.

        Raises:
            InvalidInput: a limit or cursor that is none.
        """
        after_ts, after_id = after or (None, None)
        params = {"p_run_id": run_id, "p_limit": limit, "p_after_ts": after_ts, "p_after_id": after_id}
        return (yield from call("telemetry.run_timeline", params, rows(StoredEvent), repeatable=True))

    @operation
    def register_event_type(
        self, event_name: str, contract: dict[str, Any], event_version: int = 1, description: str = ""
    ) -> Plan[bool]:
        """Register the payload contract of an event type (admin).

        Args:
            event_name: dotted lower-case name.
            contract: JSON Schema subset: ``required`` and ``properties`` with ``type``, ``enum``,
                ``minimum``, ``maximum``, ``maxLength``, ``description``.
            event_version: from 1.
            description: what the event says, in a sentence.

        Returns:
            True when this call registered it, False when it was there with the same contract.

        Raises:
            InvalidInput: the contract is not usable. Conflict: registered with another contract.
        """
        params = {
            "p_event_name": event_name,
            "p_contract": encode_event(contract),
            "p_event_version": event_version,
            "p_description": description,
        }
        return (
            yield from call(
                "telemetry.register_event_type",
                params,
                lambda found: bool(found[0]["created"]),
                repeatable=True,
            )
        )

    @operation
    def retention_floor(self) -> Plan[str]:
        """Return the least event id that is accepted."""
        return (yield from call("telemetry.retention_floor", {}, scalar, repeatable=True))

    @operation
    def open_backfill(self, start: datetime, end: datetime) -> Plan[list[Month]]:
        """Make the months of a range ahead of a backfill (admin).

        Raises:
            InvalidInput: an empty range. Gone: it begins below the retention floor.
            ValidationFailed: it ends in the future.
        """
        params = {"p_from": start, "p_to": end}
        return (yield from call("telemetry.open_backfill", params, rows(Month), repeatable=True))

    @operation
    def make_months_ahead(self, months: int | None = None) -> Plan[list[Month]]:
        """Make this month's partition and those ahead of it (admin; part of `pylayer maintain`)."""
        return (
            yield from call("telemetry.make_months_ahead", {"p_months": months}, rows(Month), repeatable=True)
        )

    @operation
    def fold_ingest_counts(self) -> Plan[dict[str, int]]:
        """Fold the counts of repeated events and return the totals (admin; part of `pylayer maintain`)."""
        return (yield from call("telemetry.fold_ingest_counts", {}, lambda found: dict(found[0])))
