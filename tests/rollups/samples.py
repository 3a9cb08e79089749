"""Random events that meet every rollup, with values at their limits."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

from psycopg import Connection
from ulid import ULID

import pylayer
from tests.events.samples import month_start
from tests.waiting import wait_until

__all__ = ["change", "count_all", "random_event", "register_types"]

_STATES = ["draft", "ready", "in_progress", "in_review", "done", "cancelled"]
_RUN_STATES = ["running", "completed", "failed"]
_BIG = 2**53
# Later versions and types of others: the second fulfils version 1 of its name now and then, the others never.
_EXTRA_TYPES: list[tuple[str, int, dict[str, Any]]] = [
    ("workflow.step_completed", 2, {"properties": {"note": {"type": "string"}}}),
    ("workflow.item_state_changed", 2, {"required": ["states"]}),
    ("shop.order_placed", 1, {"required": ["total_usd"]}),
]


def register_types(client: pylayer.Client) -> None:
    """Register what random events need beyond the types that are there."""
    for name, version, contract in _EXTRA_TYPES:
        client.events.register_event_type(name, contract, version)


def random_event(rng: random.Random) -> dict[str, Any]:
    """An event of any kind, of this month or the two before, told late or early."""
    at = _moment(rng)
    name, version, payload = rng.choice(_KINDS)(rng)
    event: dict[str, Any] = {
        "event_id": str(ULID.from_datetime(at)),
        "event_name": name,
        "event_version": version,
        "payload": payload,
        "run_id": rng.choice([None, "run-1", "run-2", "run-3", "run-ü"]),
        "item_id": rng.choice([None, "A-1", "A-2", "B-1"]),
        "workflow_name": rng.choice([None, "nightly", "release"]),
        "agent_role": rng.choice([None, "dev", "qa"]),
        "project_id": rng.choice([None, "p1", "p2"]),
    }
    if rng.random() < 0.3:
        event["ts"] = (at + timedelta(seconds=rng.uniform(-80_000, 80_000))).isoformat()
    return {key: value for key, value in event.items() if value is not None}


def change(
    item_id: str, at: datetime, from_state: str | None, to_state: str, **changes: Any
) -> dict[str, Any]:
    """A change of state of a story, or of the ``item_type`` given."""
    payload = {"item_type": changes.pop("item_type", "story"), "from_state": from_state, "to_state": to_state}
    return {
        "event_id": str(ULID.from_datetime(at)),
        "event_name": "workflow.item_state_changed",
        "ts": at.isoformat(),
        "payload": payload,
        "item_id": item_id,
        **changes,
    }


def count_all(conn: Connection[dict[str, Any]]) -> None:
    """Refresh until every committed event is counted; transactions of other databases may hold it back."""

    def is_done() -> bool:
        while conn.execute("select * from telemetry.refresh_rollups()").fetchall()[0]["behind"]:
            pass
        [row] = conn.execute(
            "select (select count(*) from telemetry.workflow_events) as stored, "
            "(select events from telemetry.rollup_progress) as counted"
        ).fetchall()
        assert row["counted"] <= row["stored"]
        return row["counted"] == row["stored"]

    wait_until(is_done, 120)


def _moment(rng: random.Random) -> datetime:
    """A time up to now: often of the same few hours, at times of another month."""
    now = datetime.now(UTC)
    if rng.random() < 0.2:
        return month_start(-rng.choice([1, 2])) + timedelta(days=rng.uniform(2, 26))
    return max(now - timedelta(hours=rng.uniform(0, 6)), month_start(-2))


def _step(rng: random.Random) -> tuple[str, int, dict[str, Any]]:
    payload: dict[str, Any] = {
        "step_name": rng.choice(["plan", "build", "x" * 130 + rng.choice("ab")]),
        "status": rng.choice(["succeeded", "failed", "skipped"]),
        "duration_ms": rng.choice([0, 5, 5.000001, 10, 4999.5, 3600000, 3600000.5, _BIG, rng.random() * 1e6]),
    }
    if rng.random() < 0.7:
        payload |= {
            "model": rng.choice(["m-1", "m-2"]),
            "input_tokens": rng.choice([0, 17, _BIG, 3.0]),
            "cached_input_tokens": rng.choice([0, 5]),
            "output_tokens": rng.choice([1, _BIG]),
            "cost_usd_est": rng.choice([0.1, 0.2, 1e-9, 999_999_999.1234567, 1_000_000_000]),
        }
    if rng.random() < 0.1:
        return (
            "workflow.step_completed",
            2,
            rng.choice([payload, payload | {"duration_ms": "slow"}, {"note": "n"}]),
        )
    return "workflow.step_completed", 1, payload


def _state(rng: random.Random) -> tuple[str, int, dict[str, Any]]:
    item_type = rng.choice(["story", "story", "task", "workflow_run", ""])
    states = _RUN_STATES if item_type == "workflow_run" else _STATES
    payload = {
        "item_type": item_type,
        "from_state": rng.choice([None, *states]),
        "to_state": rng.choice(states),
    }
    return "workflow.item_state_changed", 1, payload


def _other(rng: random.Random) -> tuple[str, int, dict[str, Any]]:
    kinds: list[tuple[str, int, dict[str, Any]]] = [
        ("workflow.item_state_changed", 2, {"states": ["a", "b"], "to_state": 7}),
        ("workflow.story_changed", 1, {"change_type": "scope", "cause_stage": "review"}),
        ("workflow.story_changed", 1, {"change_type": "scope", "cause_stage": "qa", "post_ready": True}),
        ("workflow.gap_found", 1, {"gap_type": "test", "severity": "high", "stage_found": "qa"}),
        (
            "workflow.gap_found",
            1,
            {"gap_type": "t", "severity": "low", "stage_found": "qa", "stage_introduced": "dev"},
        ),
        ("workflow.flow_issue", 1, {"issue_type": "handoff", "impact": "low", "tool": "git"}),
        ("learning.lesson_applied", 1, {"lesson_id": "L1", "outcome": "helped"}),
        ("shop.order_placed", 1, {"total_usd": 3, "step_name": "build", "duration_ms": 4, "input_tokens": 9}),
    ]
    return rng.choice(kinds)


_KINDS = [_step, _step, _step, _state, _state, _other]
