"""Tasks and calls of tools as training data: whole days of rows that are written once."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import Connection
from psycopg.types.json import Jsonb

import pylayer
from pylayer.config import Settings
from pylayer.errors import Gone, InvalidInput, Retryable
from pylayer.export import export_training
from tests.export.test_training import (
    DAYS,
    FORMATS,
    ODD,
    analyst,
    at,
    contents,
    export,
    folder,
    read,
    refused,
)

__all__ = ["analyst"]


def noon(day: date) -> datetime:
    return datetime.combine(day, time(12), UTC)


@pytest.fixture
def tasks(conn: Connection[Any]) -> list[str]:
    """Ids of tasks that ended: two on the first day, one at the end of the second."""
    ends = (noon(DAYS[0]), noon(DAYS[0]), datetime.combine(DAYS[2], time(0), UTC) - timedelta(microseconds=1))
    ids = [at(DAYS[0], hour) for hour in (1, 2, 3)]
    for number, (execution_id, end) in enumerate(zip(ids, ends, strict=True)):
        conn.execute(
            "insert into work.task_executions (execution_id, scheduled_at, created_at, started_at, "
            "finished_at, status, priority, max_retries, timeout_seconds, queue, task_name, input_data, "
            "output_data, error) "
            "values (%s, %s, %s, %s, %s, %s, 5, 3, 300, 'default', 'summarize', %s, %s, %s)",
            (
                *(execution_id, end, end, end, end),
                *(
                    ("failed", Jsonb({"text": ODD}), None, ODD)
                    if number
                    else ("completed", None, Jsonb([1]), None)
                ),
            ),
        )
    return ids


@pytest.fixture
def tools(client: pylayer.Client, conn: Connection[Any]) -> list[str]:
    """Spans of tools: two recorded on the first day, one on the second; and one of a model."""
    client.executions.start("nightly", run_id="r")
    for span_id, kind, day in (
        ("s2", "tool", DAYS[0]),
        ("s1", "tool", DAYS[0]),
        ("s3", "tool", DAYS[1]),
        ("s4", "llm", DAYS[0]),
    ):
        conn.execute(
            "insert into work.execution_traces (run_id, span_id, name, kind, status, error, input_ref, "
            "started_at, ended_at, recorded_at) "
            "values ('r', %s, 'grep', %s, 'error', %s, 'artifact:a/1', %s, %s, %s)",
            (span_id, kind, ODD, noon(DAYS[2]), noon(DAYS[2]) + timedelta(milliseconds=1500), noon(day)),
        )
    return ["s1", "s2", "s3"]


@pytest.mark.parametrize("file_format", FORMATS)
def test_tasks_stand_on_the_day_on_which_they_ended(
    analyst: Settings, tasks: list[str], tmp_path: Path, file_format: Any
) -> None:
    done = export(analyst, tmp_path, "agent_tasks", file_format=file_format)
    assert (done.files, done.rows) == (3, 3)
    first, second, third = (
        read(folder(tmp_path, "agent_tasks") / f"agent_tasks_{day}.{file_format}") for day in DAYS
    )
    assert [row["execution_id"] for row in first + second] == tasks
    assert third == []
    assert (first[0]["status"], first[1]["status"], first[1]["error"]) == ("completed", "failed", ODD)
    given = first[1]["input_data"]
    assert (given if isinstance(given, dict) else json.loads(given)) == {"text": ODD}
    manifest = json.loads(Path(done.manifest).read_text())
    assert [(file["min_id"], file["max_id"]) for file in manifest["files"]] == [
        (tasks[0], tasks[1]),
        (tasks[2], tasks[2]),
        (None, None),
    ]


def test_tools_stand_on_the_day_on_which_they_were_recorded(
    analyst: Settings, tools: list[str], tmp_path: Path
) -> None:
    assert export(analyst, tmp_path, "tool_executions").rows == 3
    rows = [
        row
        for day in DAYS
        for row in read(folder(tmp_path, "tool_executions") / f"tool_executions_{day}.jsonl")
    ]
    assert [row["span_id"] for row in rows] == tools
    assert {(row["tool"], row["workflow_id"], row["input_ref"], row["duration_ms"]) for row in rows} == {
        ("grep", "nightly", "artifact:a/1", 1500)
    }


@pytest.mark.parametrize("kind", ["agent_tasks", "tool_executions"])
def test_the_same_days_again_are_byte_equal(
    settings: Settings, tasks: list[str], tools: list[str], tmp_path: Path, kind: str
) -> None:
    assert export(settings, tmp_path / "one", kind).rows == 3
    before = contents(folder(tmp_path / "one", kind))
    folder(tmp_path / "two", kind).mkdir(parents=True)
    shutil.copy(folder(tmp_path / "one", kind) / "_state_jsonl.json", folder(tmp_path / "two", kind))
    assert export(settings, tmp_path / "one", kind).written == 0
    assert export(settings, tmp_path / "two", kind).written == 3
    assert contents(folder(tmp_path / "two", kind)) == before


@pytest.mark.parametrize("kind", ["agent_tasks", "tool_executions"])
def test_a_day_that_is_not_over_is_refused(settings: Settings, tmp_path: Path, kind: str) -> None:
    today = datetime.now(UTC).date()  # not TODAY, which may be yesterday by now
    tomorrow = today + timedelta(days=1)
    refused(
        lambda: export_training(settings, kind, today, tomorrow, out=str(tmp_path)),
        InvalidInput,
        "invalid_range",
    )


def test_a_transaction_that_may_still_store_a_row_is_waited_for(
    settings: Settings, tasks: list[str], dsn: str, tmp_path: Path
) -> None:
    with psycopg.connect(dsn) as writer:
        writer.execute("update work.task_executions set error = 'late' where execution_id = %s", [tasks[1]])
        refused(lambda: export(settings, tmp_path, "agent_tasks", wait=0.1), Retryable, "horizon_held_back")
    export(settings, tmp_path, "agent_tasks")
    rows = read(folder(tmp_path, "agent_tasks") / f"agent_tasks_{DAYS[0]}.jsonl")
    assert rows[1]["error"] == "late"


def test_days_whose_tasks_may_be_purged_are_refused(
    settings: Settings, client: pylayer.Client, tasks: list[str], tmp_path: Path
) -> None:
    client.tasks.set_queue("short", retention_days=2)
    refused(lambda: export(settings, tmp_path, "agent_tasks"), Gone, "below_retention_floor")
    assert export(settings, tmp_path, "agent_tasks", below_floor=True).rows == 3


def test_days_whose_runs_may_be_purged_are_refused(
    settings: Settings, conn: Connection[Any], tools: list[str], tmp_path: Path
) -> None:
    conn.execute("update core.settings set run_retention_days = 2")
    refused(lambda: export(settings, tmp_path, "tool_executions"), Gone, "below_retention_floor")
    assert export(settings, tmp_path, "tool_executions", below_floor=True).rows == 3


def test_tasks_that_are_purged_meanwhile_are_noticed(
    settings: Settings, client: pylayer.Client, tasks: list[str], tmp_path: Path
) -> None:
    """The last look at what is kept comes after the rows were read."""

    def meanwhile(_day: date, _rows: int) -> None:
        client.tasks.set_queue("short", retention_days=2)

    refused(
        lambda: export(settings, tmp_path, "agent_tasks", progress=meanwhile), Gone, "below_retention_floor"
    )
    assert not list(folder(tmp_path, "agent_tasks").glob("*_20*"))
