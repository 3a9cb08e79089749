"""A week of work, as events: two stories, runs of a workflow, gaps, churn, issues of the flow."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.events.samples import ulid_at

WORKFLOW = "build, test = ship"  # every character that some format treats as its own


def week(now: datetime | None = None) -> list[dict[str, Any]]:
    """The events of the last seven days; every id is new."""
    now = now or datetime.now(UTC)
    return [event for day in range(7) for event in _day(day, now - timedelta(days=7 - day, minutes=1))]


def _day(day: int, at: datetime) -> Iterator[dict[str, Any]]:
    run, item = f"run-{at:%m%d}", f"STORY-{at:%m%d}"
    outcome = "failed" if day == 3 else "succeeded"
    for from_state, to_state, hours in ((None, "open", 0), ("open", "review", 4), ("review", "open", 5)):
        yield _change(at, hours, "story", item, from_state, to_state)
    yield _change(at, 9 + day, "story", item, "open", "done")
    yield _change(at, 1, "workflow_run", run, None, "running")
    yield _change(at, 3, "workflow_run", run, "running", outcome)
    for nth, (step_name, model) in enumerate((("plan", "gpt-5"), ("build", None), ("review", "claude-4"))):
        payload = {"step_name": step_name, "status": "succeeded", "duration_ms": 40 * (nth + 1) * (day + 1)}
        if day == 3 and step_name == "build":
            payload |= {"status": "failed"}
        if model:
            payload |= {
                "model": model,
                "input_tokens": 1000,
                "cached_input_tokens": 400,
                "output_tokens": 100 * (day + 1),
                "cost_usd_est": 0.25,
            }
        yield _event(at, 1 + nth / 10, "workflow.step_completed", payload, run_id=run, item_id=item)
    churn = {
        "change_type": "scope",
        "cause_stage": "review" if day % 2 else "planning",
        "post_ready": day > 3,
    }
    yield _event(at, 2, "workflow.story_changed", churn, run_id=run, item_id=item)
    gap = {"gap_type": "test", "severity": "high" if day > 4 else "low", "stage_found": "review"}
    yield _event(at, 2.5, "workflow.gap_found", gap | {"stage_introduced": "planning"}, item_id=item)
    issue = {"issue_type": "handoff", "impact": "low" if day else "high"}
    yield _event(at, 2.6, "workflow.flow_issue", issue, item_id=item)


def _change(  # noqa: PLR0917
    at: datetime, hours: float, item_type: str, item_id: str, from_state: str | None, to_state: str
) -> dict[str, Any]:
    payload = {"item_type": item_type, "from_state": from_state, "to_state": to_state}
    run = {"run_id": item_id} if item_type == "workflow_run" else {}
    return _event(at, hours, "workflow.item_state_changed", payload, item_id=item_id, **run)


def _event(at: datetime, hours: float, name: str, payload: dict[str, Any], **more: Any) -> dict[str, Any]:
    moment = at + timedelta(hours=hours)
    return {
        "event_id": ulid_at(moment),
        "event_name": name,
        "payload": payload,
        "workflow_name": WORKFLOW,
        "agent_role": "developer",
        **more,
    }
