"""Each query of a dashboard runs, as an analyst, over a week of work, and finds something."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

import pylayer
from tests.events.samples import ulid_at
from tests.horizon import count_all
from tests.metrics.samples import week

FOLDER = Path(__file__).resolve().parents[2] / "docker" / "grafana" / "dashboards"
PANELS = [
    (f"{file.stem}: {panel['title']}", panel["type"], target)
    for file in sorted(FOLDER.iterdir())
    for panel in json.loads(file.read_text("utf-8"))["panels"]
    for target in panel["targets"]
    if "rawSql" in target
]


@pytest.fixture(scope="module")
def analyst(template: Any) -> Iterator[psycopg.Connection[dict[str, Any]]]:
    """A connection with an analyst's rights, to a database with a week of work."""
    from tests.catalog.databases import copy_of

    with copy_of(template, "dashboards") as dsn:
        with pylayer.connect(dsn) as client:
            client.events.ingest_many(week())
            payload = {"item_type": "workflow_run", "from_state": None, "to_state": "running"}
            begun = ulid_at(datetime.now(UTC) - timedelta(hours=1))
            client.events.ingest(
                {
                    "event_id": begun,
                    "event_name": "workflow.item_state_changed",
                    "payload": payload,
                    "run_id": "open",
                }
            )
            with psycopg.connect(dsn, autocommit=True) as own:
                count_all(client, own)
        with psycopg.connect(dsn, autocommit=True, row_factory=dict_row) as connection:
            connection.execute("set role pylayer_analyst")
            connection.execute("set timezone = 'Asia/Kathmandu'")  # what is shown does not depend on it
            yield connection


def expanded(query: str, days: int = 30) -> str:
    """The query as Grafana sends it, for the last days."""
    now = datetime.now(UTC)
    begin, end = (f"'{at:%Y-%m-%dT%H:%M:%SZ}'" for at in (now - timedelta(days=days), now))
    sent = re.sub(r"\$__timeFilter\(([\w.]+)\)", rf"\1 BETWEEN {begin} AND {end}", query)
    sent = sent.replace("$__timeFrom()", begin).replace("$__timeTo()", end)
    assert "$__" not in sent, "a macro that this test does not know"
    return sent


@pytest.mark.parametrize(("kind", "target"), [p[1:] for p in PANELS], ids=[p[0] for p in PANELS])
def test_a_query_finds_something(
    analyst: psycopg.Connection[dict[str, Any]], kind: str, target: dict[str, Any]
) -> None:
    assert "$__timeFilter(" in target["rawSql"], "the time that is chosen bounds what is read"
    found = analyst.execute(expanded(target["rawSql"])).fetchall()
    assert found
    assert target["format"] == ("time_series" if kind == "timeseries" else "table")
    if kind == "timeseries":
        times = [row["time"] for row in found]
        assert times == sorted(times)
        for row in found:
            assert row["time"].astimezone(UTC).minute == 0
            numbers = [value for name, value in row.items() if name not in ("time", "metric")]
            assert numbers
            assert isinstance(row.get("metric", ""), str)
    elif kind == "stat":
        assert [len(row) for row in found] == [1]
        assert next(iter(found[0].values())) is not None


def test_figures_are_right(analyst: psycopg.Connection[dict[str, Any]]) -> None:
    """Of some panels, by hand: seven days, a run each, one of them failed, one more still open."""
    found = {name: analyst.execute(expanded(target["rawSql"])).fetchall() for name, _, target in PANELS}
    [succeeded] = found["workflow-health: Runs that succeeded"]
    assert float(succeeded["succeeded"]) == pytest.approx(100 * 6 / 7)
    assert found["workflow-health: Runs under way"] == [{"runs": 1}]
    [failing] = found["workflow-health: Steps that fail"]
    assert (failing["step"], failing["failed"], failing["steps"]) == ("build", 1, 7)
    assert sum(row["value"] for row in found["workflow-health: Events"]) == len(week()) + 1
    [events] = [target["rawSql"] for name, _, target in PANELS if name == "workflow-health: Events"]
    hourly = analyst.execute(expanded(events, days=8)).fetchall()
    assert sum(row["value"] for row in hourly) == len(week()) + 1
    assert len({row["time"] for row in hourly}) > len(
        {row["time"] for row in found["workflow-health: Events"]}
    )
    [cost] = found["cost: Cost"]
    assert float(cost["cost"]) == pytest.approx(7 * 2 * 0.25)
    assert len(found["cost: The dearest runs"]) == 7
    assert {row["escaped"] for row in found["story-quality: Gaps that escaped"]} == {100}
    assert {row["came back"] for row in found["story-quality: Stories that came back"]} == {100}
    assert [(row["state"], row["times"]) for row in found["flow-health: States entered again"]] == [
        ("open", 7)
    ]
    assert {row["metric"] for row in found["churn: Changes a day, by cause"]} == {"review", "planning"}
    after_ready = sum(row["after ready"] for row in found["churn: Kinds and causes"])
    assert after_ready == 3
