"""The metrics of the database: names, kinds, labels, help. ``telemetry.metric_totals`` fills them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["DATABASE", "Family"]


@dataclass(frozen=True, slots=True)
class Family:
    """A metric.

    Attributes:
        kind: ``counter``, ``gauge`` or ``histogram``.
        help: what it counts, in a sentence.
        labels: the labels that each of its series has, in order.
    """

    kind: Literal["counter", "gauge", "histogram"]
    help: str
    labels: tuple[str, ...] = ()


DATABASE: dict[str, Family] = {
    "workflow_step_duration_seconds": Family(
        "histogram",
        "Duration of completed steps.",
        ("workflow_name", "step_name", "agent_role", "status"),
    ),
    "workflow_step_tokens_total": Family(
        "counter",
        "Input and output tokens that steps used; input includes what came from a cache.",
        ("workflow_name", "step_name", "model"),
    ),
    "workflow_step_cost_usd_total": Family(
        "counter", "Estimated cost of steps in USD.", ("workflow_name", "step_name", "model")
    ),
    "workflow_run_success_total": Family("counter", "Runs that succeeded."),
    "workflow_run_failure_total": Family("counter", "Runs that failed."),
    "workflow_state_transitions_total": Family(
        "counter", "Changes of state of items and runs.", ("from_state", "to_state")
    ),
    "workflow_cycle_time_seconds": Family(
        "histogram", "Time from an item's first change of state to its success.", ("item_type",)
    ),
    "workflow_story_churn_total": Family(
        "counter", "Changes of stories after they were written.", ("change_type", "cause_stage")
    ),
    "workflow_gaps_total": Family("counter", "Gaps found.", ("gap_type", "severity", "stage_found")),
    "workflow_flow_issues_total": Family("counter", "Issues of the flow of work.", ("issue_type", "impact")),
    "telemetry_events_inserted_total": Family("counter", "Events stored and counted by the rollups."),
    "telemetry_events_deduplicated_total": Family(
        "counter", "Events that were sent again with the same content, and not stored again."
    ),
    "telemetry_events_conflicts_total": Family(
        "counter", "Events not stored, because their id was known with other content."
    ),
    "telemetry_rollups_refreshed_timestamp_seconds": Family(
        "gauge", "When the rollups were last refreshed: the totals are as new as that."
    ),
    "telemetry_partitions_months_ahead": Family(
        "gauge", "Runway: months after this one whose partition is there."
    ),
    "telemetry_partitions_overdue": Family(
        "gauge", "Months below the retention floor that should have been dropped."
    ),
    "telemetry_oldest_partition_timestamp_seconds": Family("gauge", "Start of the oldest month of events."),
}
