"""A durable run killed by SIGKILL at every point of its way, then taken up again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from psycopg import Connection

import pylayer

VICTIM = Path(__file__).parent / "victim.py"
NEVER = 0
Row: TypeAlias = dict[str, Any]
Live: TypeAlias = Callable[[Path, int], int]
# Each way of the run until it waits, and from the event on: two points around each call of the database, one
# in each step. The calls are start, claim, a step each, the wait and reading the run; start, claim, the steps
# that are known, the wait, a step each, the child's start, claim, step and end, the wait for it, and the end.
POINTS = {"before the event": 2 * 6 + 2, "after the event": 2 * 12 + 3}


@pytest.fixture
def live(dsn: str) -> Iterator[Live]:
    """Run the workflow to its end, its wait or a point where it dies; returns the signal that ended it."""
    with subprocess.Popen(
        [sys.executable, VICTIM],
        env=os.environ | {"DATABASE_URL": dsn},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as victims:
        assert victims.stdin
        assert victims.stdout
        stdin, stdout = victims.stdin, victims.stdout

        def run(ledger: Path, point: int) -> int:
            print(ledger, point, file=stdin, flush=True)
            return int(stdout.readline())

        yield run
        stdin.close()


def completed(conn: Connection[Row]) -> set[str]:
    """The steps that are recorded complete."""
    rows = conn.execute("select step_name from work.step_executions where status = 'completed'")
    return {row["step_name"] for row in rows}


@pytest.mark.parametrize("stage", POINTS)
def test_a_run_killed_at_every_point_ends_like_an_undisturbed_one(
    client: pylayer.Client, conn: Connection[Row], live: Live, tmp_path: Path, stage: str
) -> None:
    for point in range(1, POINTS[stage] + 2):
        ledger = tmp_path / f"ledger {point}"
        ledger.touch()
        ended_by = kill_once(client, conn, live, (ledger, point), stage)
        assert ended_by == (signal.SIGKILL if point <= POINTS[stage] else 0), "every point, and no other"
        assert_undisturbed(client, conn, ledger)
        conn.execute("truncate work.workflow_executions cascade")


def kill_once(
    client: pylayer.Client, conn: Connection[Row], live: Live, at: tuple[Path, int], stage: str
) -> int:
    """Kill a run at a point, take it up again, and compare what was called with what was recorded."""
    ledger, point = at
    if stage == "after the event":
        assert live(ledger, NEVER) == 0
        client.executions.emit_signal("run-1", "go", 1000)
    ended_by = live(ledger, point)
    known, called = completed(conn), Counter(ledger.read_text().split())
    assert live(ledger, NEVER) == 0
    if stage == "before the event":
        client.executions.emit_signal("run-1", "go", 1000)
        assert live(ledger, NEVER) == 0
    again = Counter(ledger.read_text().split()) - called
    assert not again.keys() & known, f"recorded complete and called again: {again}, point {point}"
    return ended_by


def assert_undisturbed(client: pylayer.Client, conn: Connection[Row], ledger: Path) -> None:
    run = client.executions.get_by_id("run-1")
    assert (run.status, run.outputs, run.completed_steps) == ("completed", {"total": 1115}, 6)
    calls = Counter(ledger.read_text().split())
    assert calls.keys() == {"step", "step#2", "step#3", "step#4", "below"}
    assert calls.total() <= 6, "at most the one step that died between its call and its record"
    assert completed(conn) == {"step", "step#2", "wait_for go", "step#3", "step#4", "below"}
    assert client.executions.get_by_id("run-1/below").attempt <= 2
    told = conn.execute(
        "select array_agg(w.payload ->> 'from_state' order by w.recorded_at, w.event_id) as was,"
        " array_agg(w.payload ->> 'to_state' order by w.recorded_at, w.event_id) as became"
        " from telemetry.workflow_events as w where w.item_id = 'run-1'"
        " and w.recorded_at >= (select created_at from work.workflow_executions where run_id = 'run-1')"
    ).fetchone()
    assert told
    assert told["was"] == [None, *told["became"][:-1]], "no change without its event"
    assert told["became"] == ["pending", "running", "waiting", "running", "completed"]
