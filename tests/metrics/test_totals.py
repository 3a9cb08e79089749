"""The totals of the database: what they are, that they never go back, that history costs nothing."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg import Connection

import pylayer
from pylayer.metrics import DATABASE, MetricTotal
from pylayer.metrics.exposition import exposition
from tests.events.samples import step, ulid_at
from tests.horizon import count_all
from tests.metrics.samples import WORKFLOW, week
from tests.metrics.servers import promtool


def by_name(totals: list[MetricTotal]) -> dict[str, list[MetricTotal]]:
    found: dict[str, list[MetricTotal]] = defaultdict(list)
    for total in totals:
        found[total.metric].append(total)
    return found


def values(totals: list[MetricTotal]) -> dict[tuple[str, ...], float]:
    """Series and their values; a histogram's are its sum, its count, and each bucket's."""
    found: dict[tuple[str, ...], float] = {}
    for total in totals:
        key = (total.metric, *(f"{name}={value}" for name, value in sorted(total.labels.items())))
        found[key] = total.value
        for nth, bucket in enumerate(total.buckets or ()):
            found[*key, str(nth)] = bucket
    return found


def test_every_metric_is_filled_with_its_labels(worked: pylayer.Client) -> None:
    totals = by_name(worked.metrics.totals())
    assert totals.keys() == DATABASE.keys()
    for name, series in totals.items():
        for total in series:
            assert total.labels.keys() == set(DATABASE[name].labels), name
            assert (total.buckets is not None) == (DATABASE[name].kind == "histogram"), name
            if total.bounds is not None and total.buckets is not None:
                assert len(total.buckets) == len(total.bounds) + 1
                assert total.bounds == sorted(total.bounds)


def test_no_series_comes_twice(worked: pylayer.Client, conn: Connection[Any]) -> None:
    """A label that is missing and one that is empty are the same to Prometheus."""
    worked.events.ingest_many([step(workflow_name=""), step(workflow_name=None), step(agent_role="")])
    count_all(worked, conn)
    totals = worked.metrics.totals()
    keys = [(total.metric, json.dumps(total.labels, sort_keys=True)) for total in totals]
    assert len(keys) == len(set(keys))


def test_values_are_those_of_the_events(worked: pylayer.Client) -> None:
    totals = values(worked.metrics.totals())

    def value(metric: str, **labels: str) -> float:
        return totals[metric, *(f"{name}={text}" for name, text in sorted(labels.items()))]

    assert value("workflow_run_success_total") == 6
    assert value("workflow_run_failure_total") == 1
    plan = {"workflow_name": WORKFLOW, "step_name": "plan", "model": "gpt-5"}
    assert value("workflow_step_tokens_total", **plan) == 7 * 1000 + 100 * 28
    assert value("workflow_step_cost_usd_total", **plan) == 7 * 0.25
    assert value("workflow_state_transitions_total", from_state="", to_state="open") == 7
    assert value("workflow_story_churn_total", change_type="scope", cause_stage="planning") == 4
    assert value("workflow_gaps_total", gap_type="test", severity="high", stage_found="review") == 2
    assert value("workflow_flow_issues_total", issue_type="handoff", impact="high") == 1
    assert value("telemetry_events_inserted_total") == len(week())
    assert value("telemetry_events_deduplicated_total") == 0
    hours = [9 + day for day in range(7)]
    assert value("workflow_cycle_time_seconds", item_type="story") == 3600 * sum(hours)
    duration = {"workflow_name": WORKFLOW, "step_name": "plan", "agent_role": "developer"}
    assert value("workflow_step_duration_seconds", **duration, status="succeeded") == pytest.approx(1.12)


def test_a_step_without_a_model_has_no_tokens(worked: pylayer.Client) -> None:
    tokens = by_name(worked.metrics.totals())["workflow_step_tokens_total"]
    assert {total.labels["step_name"] for total in tokens} == {"plan", "review"}


def test_events_that_are_sent_again(worked: pylayer.Client, conn: Connection[Any]) -> None:
    events = [step(), step()]
    worked.events.ingest_many([*events, *events, events[0] | {"run_id": "another"}])
    count_all(worked, conn)
    before = values(worked.metrics.totals())
    assert before["telemetry_events_deduplicated_total",] == 2
    assert before["telemetry_events_conflicts_total",] == 1
    worked.events.fold_ingest_counts()
    assert values(worked.metrics.totals()) == before


def test_totals_stay_when_the_events_are_dropped(
    worked: pylayer.Client, conn: psycopg.Connection[dict[str, Any]]
) -> None:
    before = values(worked.metrics.totals())
    partitions = conn.execute(
        "select inhrelid::regclass::text as name from pg_inherits "
        "where inhparent = 'telemetry.workflow_events'::regclass"
    ).fetchall()
    for partition in partitions:
        conn.execute(f"drop table {partition['name']}")
    after = values(worked.metrics.totals())
    gone = ("telemetry_partitions_months_ahead", "telemetry_oldest_partition_timestamp_seconds")
    assert {key: value for key, value in before.items() if key[0] not in gone} == {
        key: value for key, value in after.items() if key[0] not in gone
    }
    assert after["telemetry_partitions_months_ahead",] == 0
    assert ("telemetry_oldest_partition_timestamp_seconds",) not in after


def test_an_item_that_succeeds_again_counts_again(client: pylayer.Client, conn: Connection[Any]) -> None:
    """A counter can't take back what it counted; who tells the same ending twice counts once."""
    now = datetime.now(UTC) - timedelta(hours=20)
    states = ("open", "done", "Closed", "open", "done")
    for nth, state in enumerate(states):
        at = now + timedelta(hours=nth)
        payload = {"item_type": "bug", "from_state": states[nth - 1] if nth else None, "to_state": state}
        client.events.ingest(
            {
                "event_id": ulid_at(at),
                "event_name": "workflow.item_state_changed",
                "item_id": "BUG-1",
                "payload": payload,
            }
        )
        count_all(client, conn)
    [cycles] = by_name(client.metrics.totals())["workflow_cycle_time_seconds"]
    assert cycles.labels == {"item_type": "bug"}
    assert sum(cycles.buckets or ()) == 2
    assert cycles.value == 3600 + 4 * 3600
    assert dict(zip(cycles.bounds or (), cycles.buckets or (), strict=False))[3600] == 1


def test_history_costs_nothing(worked: pylayer.Client, conn: psycopg.Connection[Any]) -> None:
    """Hours and days of the past are not read: the blocks that a call touches stay the same."""
    query = "select * from telemetry.metric_totals()"

    def blocks() -> int:
        """What a call touches: without the catalog, which a first one reads, or one after autovacuum."""
        return min(touched() for _ in range(3))

    def touched() -> int:
        plan = conn.execute(f"explain (analyze, buffers, format json) {query}").fetchone()
        root = plan["QUERY PLAN"][0]["Plan"]
        return root["Shared Hit Blocks"] + root["Shared Read Blocks"]

    conn.execute("analyze telemetry.event_rollups")
    before = blocks()
    conn.execute(
        "insert into telemetry.event_rollups (grain, bucket, series_id, event_name, labels, events, "
        "input_tokens, cached_input_tokens, output_tokens, cost_usd, duration_ms_sum) "
        "select 'hour', bucket - make_interval(hours => n), series_id, event_name, labels, 1, 0, 0, 0, 0, 0 "
        "from telemetry.event_rollups, generate_series(200, 2200) as n where grain = 'hour' "
        "on conflict do nothing"
    )
    conn.execute("analyze telemetry.event_rollups")
    [grown] = conn.execute("select count(*) as n from telemetry.event_rollups").fetchall()
    assert grown["n"] > 20_000
    assert blocks() < before + 20


def test_roles(worked: pylayer.Client) -> None:
    assert worked.acting_as("pylayer_agent").metrics.totals()
    with pytest.raises(pylayer.Forbidden):
        worked.acting_as("pylayer_auditor").metrics.totals()


def test_promtool_accepts_the_text(worked: pylayer.Client) -> None:
    done = promtool("check", "metrics", stdin=exposition(worked.metrics.totals()))
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_promtool_would_refuse_another() -> None:
    assert promtool("check", "metrics", stdin=b"# TYPE x counter\nx 1\n").returncode == 3
