"""The calls by which a run is worked on: `client.executions` and `Run` share them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pylayer.calls import Call, Plan, call, one, rows
from pylayer.runs.encoding import encode, encoded_or_none
from pylayer.runs.models import Execution, Step

__all__ = [
    "await_event",
    "await_execution",
    "claim",
    "complete",
    "complete_step",
    "completed_steps",
    "due",
    "fail",
    "fail_step",
    "get",
    "list_steps",
    "sleep_until",
    "start",
]

PAGE = 1000


def start(
    workflow_id: str, inputs: Any, run_id: str, version: str | None, parent_run_id: str | None, **more: Any
) -> Call[Execution]:
    """Return the call that starts a run."""
    params = {
        "p_workflow_id": workflow_id,
        "p_inputs": encode({} if inputs is None else inputs),
        "p_run_id": run_id,
        "p_version": version,
        "p_parent_run_id": parent_run_id,
        **more,
    }
    return call("work.start_execution", params, one(Execution), repeatable=True)


def claim(run_id: str, worker: str, lease_seconds: int) -> Call[Execution]:
    """Return the call that claims a run."""
    params = {"p_run_id": run_id, "p_worker": worker, "p_lease_seconds": lease_seconds}
    return call("work.claim_execution", params, one(Execution), repeatable=True)


def due(workflow_ids: list[str] | None, limit: int) -> Call[list[Execution]]:
    """Return the call that lists the runs that may be claimed."""
    params = {"p_workflow_ids": workflow_ids, "p_limit": limit}
    return call("work.due_executions", params, rows(Execution), repeatable=True)


def get(run_id: str) -> Call[Execution]:
    """Return the call that reads a run."""
    return call("work.get_execution", {"p_run_id": run_id}, one(Execution), repeatable=True)


def complete_step(
    run_id: str,
    attempt: int,
    step_name: str,
    output: str | None,
    *,
    duration_ms: int | None = None,
    state_data: Any = None,
) -> Call[Step]:
    """Return the call that records the result of a step, which is JSON already."""
    params = {
        **_step(run_id, attempt, step_name),
        "p_output": output,
        "p_duration_ms": duration_ms,
        "p_state_data": encoded_or_none(state_data),
    }
    return call("work.complete_step", params, one(Step), repeatable=True)


def fail_step(
    run_id: str, attempt: int, step_name: str, error: str, duration_ms: int | None = None
) -> Call[Step]:
    """Return the call that records a failed try of a step."""
    params = {**_step(run_id, attempt, step_name), "p_error": error, "p_duration_ms": duration_ms}
    return call("work.fail_step", params, one(Step), repeatable=True)


def sleep_until(run_id: str, attempt: int, step_name: str, until: datetime) -> Call[Step]:
    """Return the call that waits for a time."""
    params = {**_step(run_id, attempt, step_name), "p_until": until}
    return call("work.sleep_until", params, one(Step), repeatable=True)


def await_event(
    run_id: str, attempt: int, step_name: str, event_name: str, timeout_seconds: float | None
) -> Call[Step]:
    """Return the call that waits for an event."""
    params = {
        **_step(run_id, attempt, step_name),
        "p_event_name": event_name,
        "p_timeout_seconds": timeout_seconds,
    }
    return call("work.await_event", params, one(Step), repeatable=True)


def await_execution(run_id: str, attempt: int, step_name: str, child_run_id: str) -> Call[Step]:
    """Return the call that waits for the end of a child."""
    params = {**_step(run_id, attempt, step_name), "p_child_run_id": child_run_id}
    return call("work.await_execution", params, one(Step), repeatable=True)


def complete(run_id: str, attempt: int, outputs: str | None) -> Call[Execution]:
    """Return the call that completes a run with its result, which is JSON already."""
    params = {"p_run_id": run_id, "p_attempt": attempt, "p_outputs": outputs}
    return call("work.complete_execution", params, one(Execution), repeatable=True)


def fail(run_id: str, attempt: int, error: str, reason: str | None) -> Call[Execution]:
    """Return the call that makes a run fail."""
    params = {"p_run_id": run_id, "p_attempt": attempt, "p_error": error, "p_reason": reason}
    return call("work.fail_execution", params, one(Execution), repeatable=True)


def list_steps(run_id: str, limit: int = PAGE, after: str | None = None) -> Call[list[Step]]:
    """Return the call that lists a page of steps."""
    params = {"p_run_id": run_id, "p_limit": limit, "p_after": after}
    return call("work.list_steps", params, rows(Step), repeatable=True)


def completed_steps(run_id: str) -> Plan[dict[str, Any]]:
    """Read the outputs of the steps that are complete, by name."""
    found: dict[str, Any] = {}
    after: str | None = None
    while True:
        page = yield from list_steps(run_id, after=after)
        found |= {step.step_name: step.output for step in page if step.status == "completed"}
        if len(page) < PAGE:
            return found
        after = page[-1].step_name


def _step(run_id: str, attempt: int, step_name: str) -> dict[str, Any]:
    return {"p_run_id": run_id, "p_attempt": attempt, "p_step_name": step_name}
