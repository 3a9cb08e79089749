"""What the rollups must be, from the raw table alone: by GROUP BY, and for runs and items by plain Python."""

from __future__ import annotations

from collections import Counter, defaultdict
from decimal import Decimal, localcontext
from itertools import pairwise
from typing import Any

from psycopg import Connection
from psycopg.types.json import Jsonb

from pylayer.events.payloads import StepCompleted

__all__ = ["assert_exact"]

_LABELS = {
    "workflow.step_completed": ["step_name", "status", "model"],
    "workflow.item_state_changed": ["item_type", "from_state", "to_state"],
    "workflow.story_changed": ["change_type", "cause_stage", "post_ready"],
    "workflow.gap_found": ["gap_type", "severity", "stage_found", "stage_introduced"],
    "workflow.flow_issue": ["issue_type", "impact"],
}
_OUTCOMES = {"done": "succeeded", "completed": "succeeded", "failed": "failed", "cancelled": "cancelled"}
_MEASURES = "input_tokens, cached_input_tokens, output_tokens, cost_usd, duration_ms_sum"
_USAGE = {
    "input_tokens": "input_tokens",
    "cached_input_tokens": "cached_input_tokens",
    "output_tokens": "output_tokens",
    "cost_usd": "cost_usd_est",
    "duration_ms_sum": "duration_ms",
}
# An event of version 2 is known when version 1's contract accepts it; the samples break it in two ways.
_KNOWN = (
    "(event_version = 1 or (event_name = 'workflow.step_completed' "
    "and jsonb_typeof(payload -> 'duration_ms') = 'number'))"
)
_BY_GRAIN = f"""
with events as (
  select event_name, workflow_name, agent_role, {{bucket}} as bucket,
    case when {_KNOWN} then payload else '{{{{}}}}' end as p,
    case when {_KNOWN} and event_name = 'workflow.step_completed' then payload end as m
  from telemetry.workflow_events
), labelled as (
  select e.*, coalesce(
    (select jsonb_object_agg(k, left(e.p ->> k, 128))
      from jsonb_array_elements_text(%(labels)s::jsonb -> event_name) as k
      where e.p ->> k is not null), '{{{{}}}}') as labels
  from events as e
)
select bucket, event_name, workflow_name, agent_role, labels, count(*) as events,
  coalesce(sum((m ->> 'input_tokens')::numeric), 0) as input_tokens,
  coalesce(sum((m ->> 'cached_input_tokens')::numeric), 0) as cached_input_tokens,
  coalesce(sum((m ->> 'output_tokens')::numeric), 0) as output_tokens,
  coalesce(sum((m ->> 'cost_usd_est')::numeric), 0) as cost_usd,
  coalesce(sum((m ->> 'duration_ms')::numeric), 0) as duration_ms_sum,
  array_agg((m ->> 'duration_ms')::numeric) filter (where m is not null) as durations
from labelled
group by 1, 2, 3, 4, 5
"""
_BUCKETS = {
    "hour": "date_trunc('hour', ts, 'UTC')",
    "day": "date_trunc('day', ts, 'UTC')",
    "all": "null::timestamptz",
}


def assert_exact(conn: Connection[dict[str, Any]]) -> None:
    """Compare every rollup with what the raw table says."""
    with conn.transaction(), localcontext() as exact:
        exact.prec = 100
        conn.execute("set local timezone = 'UTC'")
        raw = conn.execute("select * from telemetry.workflow_events").fetchall()
        for grain in _BUCKETS:
            assert _stored_events(conn, grain) == _grouped_events(conn, grain)
        assert _months(conn, "select month, events from telemetry.month_rollups") == _months(
            conn,
            "select date_trunc('month', core.ulid_time(event_id), 'UTC') as month, count(*) as events "
            "from telemetry.workflow_events group by 1",
        )
        items = _items(raw)
        assert _rows(conn, "item_rollups", ["item_id", "item_type"]) == items
        assert _rows(conn, "run_rollups", ["run_id"]) == _runs(raw, items)


def _stored_events(conn: Connection[dict[str, Any]], grain: str) -> dict[Any, Any]:
    query = f"""
    select nullif(bucket, '-infinity') as bucket, event_name, workflow_name, agent_role, labels, events,
      {_MEASURES}, duration_histogram from telemetry.event_rollups where grain = %s"""
    return _keyed(conn.execute(query.encode(), [grain]).fetchall())


def _grouped_events(conn: Connection[dict[str, Any]], grain: str) -> dict[Any, Any]:
    query = _BY_GRAIN.format(bucket=_BUCKETS[grain])
    rows = conn.execute(query.encode(), {"labels": Jsonb(_LABELS)}).fetchall()
    [bounds] = conn.execute("select telemetry.duration_bounds_ms() as b").fetchall()
    for row in rows:
        durations = row.pop("durations")
        row["duration_histogram"] = None if durations is None else _histogram(durations, bounds["b"])
    return _keyed(rows)


def _histogram(durations: list[Decimal], bounds: list[Decimal]) -> list[int]:
    found = [0] * (len(bounds) + 1)
    for duration in durations:
        found[sum(duration > bound for bound in bounds)] += 1
    return found


def _keyed(rows: list[dict[str, Any]]) -> dict[Any, Any]:
    keys = ["bucket", "event_name", "workflow_name", "agent_role"]
    found = {(*(row.pop(key) for key in keys), tuple(sorted(row.pop("labels").items()))): row for row in rows}
    assert len(found) == len(rows)
    return found


def _months(conn: Connection[dict[str, Any]], query: str) -> dict[Any, int]:
    return {row["month"]: row["events"] for row in conn.execute(query.encode())}


def _rows(conn: Connection[dict[str, Any]], table: str, keys: list[str]) -> dict[Any, Any]:
    rows = conn.execute(f"select * from telemetry.{table}".encode()).fetchall()
    return {tuple(row.pop(key) for key in keys): row for row in rows}


def _known(event: dict[str, Any]) -> dict[str, Any]:
    if event["event_version"] == 1 or (
        event["event_name"] == StepCompleted.event_name
        and isinstance(event["payload"].get("duration_ms"), int | float)
    ):
        return event["payload"]
    return {}


def _usage(events: list[dict[str, Any]]) -> dict[str, Any]:
    steps = [event for event in events if event["event_name"] == StepCompleted.event_name]
    sums = {
        column: sum((Decimal(str(_known(step).get(key, 0))) for step in steps), Decimal(0))
        for column, key in _USAGE.items()
    }
    failed = sum(_known(step).get("status") == "failed" for step in steps)
    return {
        "project_id": _least(event["project_id"] for event in events),
        "events": len(events),
        "steps": len(steps),
        "failed_steps": failed,
        **sums,
    }


def _least(values: Any) -> Any:
    return min((value for value in values if value is not None), default=None)


def _change(event: dict[str, Any]) -> tuple[str, str] | None:
    """The item of a change of state: its id and its type."""
    item_type = _known(event).get("item_type") if event["event_name"].endswith("item_state_changed") else None
    if not item_type:
        return None
    item_id = (event["run_id"] or event["item_id"]) if item_type == "workflow_run" else event["item_id"]
    return (item_id, item_type) if item_id else None


def _items(raw: list[dict[str, Any]]) -> dict[tuple[str, str], dict[str, Any]]:
    changes: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    used: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for event in raw:
        if item := _change(event):
            changes[item].append(event)
        if event["item_id"]:
            used[event["item_id"]].append(event)
    nothing = {key: value for key, value in _usage([]).items() if key != "duration_ms_sum"}
    found = {item: _facts(told) | nothing for item, told in changes.items()}
    for item_id, events in used.items():
        types = [(found[item]["started_at"], item[1]) for item in found if item[0] == item_id]
        usage = _usage(events)
        del usage["duration_ms_sum"]
        owner = (item_id, min(types)[1] if types else "")
        found[owner] = found.get(owner, _facts([])) | usage
    return found


def _facts(told: list[dict[str, Any]]) -> dict[str, Any]:
    told = sorted(told, key=lambda event: (event["ts"], event["event_id"]))
    seconds: dict[str, float] = defaultdict(float)
    for event, following in pairwise(told):
        seconds[event["payload"]["to_state"]] += (following["ts"] - event["ts"]).total_seconds()
    path = [told[0]["payload"]["from_state"]] if told and told[0]["payload"]["from_state"] else []
    for event in told:
        if not path or path[-1] != event["payload"]["to_state"]:
            path.append(event["payload"]["to_state"])
    bounces = {state: n - 1 for state, n in Counter(path).items() if n > 1}
    state = path[-1] if path else None
    outcome = _OUTCOMES.get(state or "")
    return {
        "state": state,
        "outcome": outcome,
        "started_at": told[0]["ts"] if told else None,
        "state_since": told[-1]["ts"] if told else None,
        "state_event_id": told[-1]["event_id"] if told else None,
        "ended_at": told[-1]["ts"] if outcome else None,
        "state_seconds": {name: round(value, 6) for name, value in seconds.items()},
        "transitions": len(told),
        "bounces": sum(bounces.values()),
        "state_bounces": bounces,
    }


def _runs(
    raw: list[dict[str, Any]], items: dict[tuple[str, str], dict[str, Any]]
) -> dict[tuple[str], dict[str, Any]]:
    events_of: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for event in raw:
        change = _change(event)
        own_id = change[0] if change and change[1] == "workflow_run" else None
        if run_id := event["run_id"] or own_id:
            events_of[run_id].append(event)
    found: dict[tuple[str], dict[str, Any]] = {}
    for run_id, events in events_of.items():
        facts = items.get((run_id, "workflow_run"), _facts([]))
        found[run_id,] = _usage(events) | {
            "workflow_name": _least(event["workflow_name"] for event in events),
            "state": facts["state"],
            "outcome": facts["outcome"],
            "started_at": min(event["ts"] for event in events),
            "ended_at": facts["ended_at"],
            "last_event_at": max(event["ts"] for event in events),
        }
    return found
