"""`client.executions`: runs of workflows, their steps, signals and spans."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, TypeAlias

from pylayer.calls import Plan, R, call, one, operation, rows, scalar
from pylayer.ids import new_ulid
from pylayer.runs import calls
from pylayer.runs.encoding import encode, encoded_or_none
from pylayer.runs.models import Execution, RunStatus, SentSignal, Step
from pylayer.runs.spans import Spans

__all__ = ["Executions"]

_Listed: TypeAlias = list[Execution]
_Steps: TypeAlias = list[Step]


class Executions(Spans[R]):
    """Runs: started once a key, worked on by one attempt at a time, each step recorded once.

    `pylayer.runs.workflow` does all this for a Python function.
    """

    @operation
    def start(
        self,
        workflow_id: str,
        inputs: Any = None,
        *,
        run_id: str | None = None,
        version: str | None = None,
        parent_run_id: str | None = None,
        start_at: datetime | None = None,
        deadline: datetime | None = None,
        assigned_agents: Iterable[str] | None = None,
        project_id: str | None = None,
        metadata: dict[str, Any] | None = None,
        tags: Any = None,
    ) -> Plan[Execution]:
        """Start a run, in the state ``pending``. Safe to repeat with a ``run_id``.

        Args:
            workflow_id: the workflow, at most 200 bytes.
            inputs: what it starts with, at most 1 MiB; None is ``{}``.
            run_id: its key, at most 500 bytes; None makes a ULID.
            version: selector of a registered version, as `Workflows.get_by_id` takes; None: of none.
            parent_run_id: the run that starts it, and with which it is cancelled.
            start_at: from when on it may be claimed; None is at once.
            deadline: when it fails if it has not ended.
            assigned_agents, project_id, metadata, tags: free.

        Returns:
            The run; ``created`` is False when it was there.

        Raises:
            InvalidInput, TooLarge: a value that is none, or too large. NotFound: no such version or parent.
            Conflict: ``run_exists`` (the id belongs to another run), ``run_ended`` (the parent has).

        Example:
            >>> client.executions.start("nightly", {"day": "2026-01-31"}, run_id="nightly-2026-01-31").status
            'pending'
        """
        return (
            yield from calls.start(
                workflow_id,
                inputs,
                run_id or new_ulid(),
                version,
                parent_run_id,
                p_start_at=start_at,
                p_deadline=deadline,
                p_assigned_agents=None if assigned_agents is None else list(assigned_agents),
                p_project_id=project_id,
                p_metadata=encoded_or_none(metadata),
                p_tags=encoded_or_none(tags),
            )
        )

    @operation
    def claim(self, run_id: str, worker: str, lease_seconds: int = 300) -> Plan[Execution]:
        """Claim a run that is due: from then on only the attempt that is returned records anything.

        Args:
            run_id: the run.
            worker: who claims it, at most 200 bytes; the same worker may claim again at any time.
            lease_seconds: how long nobody else may, 1 to 86,400; each step renews it.

        Raises:
            NotFound: no such run. Conflict: ``run_leased``, ``not_due``, ``run_ended``, ``deadline_passed``.
        """
        return (yield from calls.claim(run_id, worker, lease_seconds))

    @operation
    def due(self, workflow_ids: Iterable[str] | None = None, *, limit: int = 10) -> Plan[_Listed]:
        """Return runs that may be claimed, the longest due first.

        Args:
            workflow_ids: of these workflows; None is any.
            limit: 1 to 1,000.
        """
        return (yield from calls.due(None if workflow_ids is None else list(workflow_ids), limit))

    @operation
    def begin_step(self, run_id: str, attempt: int, step_name: str) -> Plan[Step]:
        """Begin a step. One that comes back ``completed`` has its ``output``, and is not to be run again.

        Raises:
            Conflict: ``stale_attempt`` (somebody else has the run), ``run_ended``, ``run_not_running``,
                ``deadline_passed``: stop working on it.
        """
        params = {"p_run_id": run_id, "p_attempt": attempt, "p_step_name": step_name}
        return (yield from call("work.begin_step", params, one(Step), repeatable=True))

    @operation
    def complete_step(
        self,
        run_id: str,
        attempt: int,
        step_name: str,
        output: Any = None,
        *,
        duration_ms: int | None = None,
        state_data: Any = None,
    ) -> Plan[Step]:
        """Record the result of a step, begun or not. The first result stays: a repeat returns it.

        With ``client.using(connection)`` it is one transaction with what the step itself wrote there.

        Args:
            run_id, attempt: as `claim` returned them.
            step_name: once in a run, at most 500 bytes.
            output: at most 1 MiB.
            duration_ms: how long it took.
            state_data: takes the place of the run's; None keeps it.

        Raises:
            Conflict: as `begin_step`. InvalidInput, TooLarge: an output that cannot be stored.
        """
        encoded = encoded_or_none(output)
        return (
            yield from calls.complete_step(
                run_id, attempt, step_name, encoded, duration_ms=duration_ms, state_data=state_data
            )
        )

    @operation
    def fail_step(
        self, run_id: str, attempt: int, step_name: str, error: str, *, duration_ms: int | None = None
    ) -> Plan[Step]:
        """Record that a try of a step failed; it may be tried again.

        Raises:
            Conflict: as `begin_step`.
        """
        return (yield from calls.fail_step(run_id, attempt, step_name, error, duration_ms))

    @operation
    def sleep_until(self, run_id: str, attempt: int, step_name: str, until: datetime) -> Plan[Step]:
        """Make a step of a wait: ``waiting`` until the first ``until`` that it was given, then ``completed``.

        A run that waits is claimed by nobody: stop, and claim it when it is due.

        Raises:
            Conflict: as `begin_step`.
        """
        return (yield from calls.sleep_until(run_id, attempt, step_name, until))

    @operation
    def await_event(
        self,
        run_id: str,
        attempt: int,
        step_name: str,
        event_name: str,
        *,
        timeout_seconds: float | None = None,
    ) -> Plan[Step]:
        """Make a step of waiting for an event: ``waiting``, or ``completed`` with what it brought.

        Args:
            run_id, attempt: as `claim` returned them.
            step_name: once in a run.
            event_name: what `emit_signal` sends; events sent before count, each is received once.
            timeout_seconds: after which the step is complete, with the output None; None is never.

        Raises:
            Conflict: as `begin_step`.
        """
        return (yield from calls.await_event(run_id, attempt, step_name, event_name, timeout_seconds))

    @operation
    def await_execution(self, run_id: str, attempt: int, step_name: str, child_run_id: str) -> Plan[Step]:
        """Make a step of waiting for a child: ``waiting``, ``completed`` with its outputs, or ``failed``.

        Args:
            run_id, attempt: as `claim` returned them.
            step_name: once in a run.
            child_run_id: a run that was started with this one as its parent.

        Raises:
            NotFound: no such run or child. Conflict: ``not_a_child``; as `begin_step`.
        """
        return (yield from calls.await_execution(run_id, attempt, step_name, child_run_id))

    @operation
    def emit_signal(
        self, run_id: str, event_name: str, payload: Any = None, *, signal_id: str | None = None
    ) -> Plan[SentSignal]:
        """Send an event to a run; one that waits for it becomes due. Safe to repeat with a ``signal_id``.

        Args:
            run_id: the run.
            event_name: at most 200 bytes.
            payload: at most 1 MiB; None is ``{}``.
            signal_id: ULID; None makes one.

        Raises:
            NotFound: no such run. Conflict: ``run_ended``, ``signal_exists``.
        """
        params = {
            "p_run_id": run_id,
            "p_event_name": event_name,
            "p_payload": encode({} if payload is None else payload),
            "p_signal_id": signal_id or new_ulid(),
        }
        return (yield from call("work.emit_signal", params, one(SentSignal), repeatable=True))

    @operation
    def complete(self, run_id: str, attempt: int, outputs: Any = None) -> Plan[Execution]:
        """Complete a run with its result, at most 1 MiB.

        Raises:
            Conflict: as `begin_step`.
        """
        return (yield from calls.complete(run_id, attempt, encoded_or_none(outputs)))

    @operation
    def fail(self, run_id: str, attempt: int, error: str, *, reason: str | None = None) -> Plan[Execution]:
        """Make a run fail, also after its deadline.

        Args:
            run_id, attempt: as `claim` returned them.
            error: for people; the first 10,000 characters are kept.
            reason: a word for its event.

        Raises:
            Conflict: ``stale_attempt``, ``run_ended``, ``run_not_running``.
        """
        return (yield from calls.fail(run_id, attempt, error, reason))

    @operation
    def cancel(self, run_id: str, *, reason: str | None = None, actor: str | None = None) -> Plan[Execution]:
        """Cancel a run and the runs below it. Safe to repeat.

        Raises:
            NotFound: no such run. Conflict: ``run_ended``: it has completed or failed.
        """
        params = {"p_run_id": run_id, "p_reason": reason, "p_actor": actor}
        return (yield from call("work.cancel_execution", params, one(Execution), repeatable=True))

    @operation
    def retry(self, run_id: str, *, deadline: datetime | None = None) -> Plan[Execution]:
        """Take a failed run up again: pending, at once due; the steps that are complete stay so.

        Raises:
            NotFound: no such run. Conflict: ``run_ended``, ``run_not_failed``, ``deadline_passed``.
        """
        params = {"p_run_id": run_id, "p_deadline": deadline}
        return (yield from call("work.retry_execution", params, one(Execution)))

    @operation
    def expire(self, limit: int = 1000) -> Plan[int]:
        """Make the runs fail whose deadline has passed (admin; part of `pylayer maintain`).

        Returns:
            How many failed.
        """
        return (yield from call("work.expire_executions", {"p_limit": limit}, scalar, repeatable=True))

    @operation
    def purge(self, limit: int = 1000) -> Plan[int]:
        """Delete runs that ended longer ago than ``core.settings.run_retention_days`` (admin).

        Part of `pylayer maintain`. Steps, signals and spans go with them; events and rollups stay.

        Args:
            limit: most runs, 1 to 10,000.

        Returns:
            How many were deleted; 0: none is left.
        """
        return (yield from call("work.purge_executions", {"p_limit": limit}, scalar, repeatable=True))

    @operation
    def get_by_id(self, run_id: str) -> Plan[Execution]:
        """Return a run.

        Raises:
            NotFound: no such run.
        """
        return (yield from calls.get(run_id))

    @operation
    def list(
        self,
        *,
        status: RunStatus | None = None,
        workflow_id: str | None = None,
        parent_run_id: str | None = None,
        project_id: str | None = None,
        tags: Any = None,
        limit: int = 100,
        after: str | None = None,
    ) -> Plan[_Listed]:
        """Return a page of runs, newest first.

        Args:
            status, workflow_id, parent_run_id, project_id: exact filters.
            tags: contained in the run's.
            limit: 1 to 1,000.
            after: ``run_id`` that ended the page before.
        """
        params: dict[str, Any] = {
            "p_status": status,
            "p_workflow_id": workflow_id,
            "p_parent_run_id": parent_run_id,
            "p_project_id": project_id,
            "p_tags": encoded_or_none(tags),
            "p_limit": limit,
            "p_after": after,
        }
        return (yield from call("work.list_executions", params, rows(Execution), repeatable=True))

    @operation
    def list_steps(self, run_id: str, *, limit: int = 1000, after: str | None = None) -> Plan[_Steps]:
        """Return a page of the steps of a run, by name.

        Raises:
            NotFound: no such run.
        """
        return (yield from calls.list_steps(run_id, limit, after))

    @operation
    def step_results(self, run_id: str) -> Plan[dict[str, Any]]:
        """Return the results of all steps that are complete, by name.

        Raises:
            NotFound: no such run.
        """
        return (yield from calls.completed_steps(run_id))
