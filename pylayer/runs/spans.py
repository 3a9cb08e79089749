"""The part of `client.executions` that records: spans, and runs that something else drives."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, TypeAlias

from pylayer.calls import Namespace, Plan, R, call, operation, rows, scalar
from pylayer.runs.encoding import encode, encoded_or_none
from pylayer.runs.models import RunStatus, Span, StoredSpan

__all__ = ["Spans"]

_Spans: TypeAlias = list[StoredSpan]


class Spans(Namespace[R]):
    """Spans of runs, each stored once."""

    @operation
    def record_traces(self, run_id: str, spans: Iterable[Span]) -> Plan[int]:
        """Store spans of a run, at most 1,000 a call, each once.

        Returns:
            How many are new.

        Raises:
            NotFound: no such run. InvalidInput: ``invalid_spans``. TooLarge: over 1 MiB.
        """
        encoded = encode([span.model_dump(exclude_none=True, exclude={"run_id"}) for span in spans])
        params = {"p_run_id": run_id, "p_spans": encoded}
        return (yield from call("work.record_traces", params, scalar, repeatable=True))

    @operation
    def record(
        self,
        run_id: str,
        worker: str,
        *,
        workflow_id: str | None = None,
        started_at: datetime | None = None,
        inputs: Any = None,
        project_id: str | None = None,
        metadata: dict[str, Any] | None = None,
        spans: Iterable[Span] = (),
        status: RunStatus | None = None,
        status_at: datetime | None = None,
        outputs: Any = None,
        error: str | None = None,
        reason: str | None = None,
        alive_seconds: int = 600,
    ) -> Plan[bool]:
        """Record what a run does that something else drives, a graph for example. Safe to repeat.

        Args:
            run_id: the run.
            worker: who drives it: a name that ends with a ULID of its own for each start or resumption.
            workflow_id: its workflow, to start or resume it; None: neither.
            started_at: when it was started or resumed, at most 23 hours ago; None is now.
            inputs, project_id, metadata: of a run that is new.
            spans: at most 1,000 that have ended; an `AttemptSpan` counts as a try of its step.
            status: ``waiting``, ``completed``, ``failed`` or ``cancelled``; None: it goes on.
            status_at: when that was, as ``started_at``.
            outputs, error, reason: of a run that has ended.
            alive_seconds: it fails when nothing more is recorded for so long, 1 to 86,400.

        Returns:
            Whether the run is this driver's; of one that is not, only the spans were stored.

        Raises:
            NotFound: no such run. InvalidInput, TooLarge: a value that cannot be stored.
        """
        found = [span.model_dump(exclude_none=True, exclude={"run_id"}) for span in spans]
        params: dict[str, Any] = {
            "p_run_id": run_id,
            "p_worker": worker,
            "p_workflow_id": workflow_id,
            "p_started_at": started_at,
            "p_inputs": encoded_or_none(inputs),
            "p_project_id": project_id,
            "p_metadata": encoded_or_none(metadata),
            "p_spans": encode(found) if found else None,
            "p_status": status,
            "p_status_at": status_at,
            "p_outputs": encoded_or_none(outputs),
            "p_error": error,
            "p_reason": reason,
            "p_alive_seconds": alive_seconds,
        }
        return (yield from call("work.record_execution", params, scalar, repeatable=True))

    @operation
    def list_traces(self, run_id: str, *, limit: int = 1000, after: str | None = None) -> Plan[_Spans]:
        """Return a page of the spans of a run, by their start.

        Args:
            run_id: the run.
            limit: 1 to 1,000.
            after: ``span_id`` that ended the page before.

        Raises:
            NotFound: no such run or span.
        """
        params = {"p_run_id": run_id, "p_limit": limit, "p_after": after}
        return (yield from call("work.list_traces", params, rows(StoredSpan), repeatable=True))
