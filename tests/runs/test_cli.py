"""``pylayer runs``."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

import pylayer
from pylayer.cli import app
from pylayer.errors import Conflict, InvalidInput, NotFound
from pylayer.maintenance import maintain
from pylayer.runs import Span

Invoke = Callable[..., Result]


@pytest.fixture
def runs(dsn: str, monkeypatch: pytest.MonkeyPatch) -> Invoke:
    monkeypatch.setenv("DATABASE_URL", dsn)

    def call(*arguments: str) -> Result:
        result = CliRunner().invoke(app, ["runs", *arguments])
        if result.exception:
            raise result.exception
        return result

    return call


@pytest.fixture
def waiting(client: pylayer.Client) -> str:
    """A run of two steps that waits for approval, and its child."""
    client.workflows.save("release", "1.0.0", [{"name": "build"}, {"name": "approve"}])
    client.executions.start("release", {"tag": "v1\n"}, run_id="r", version="latest")
    client.executions.claim("r", "me")
    client.executions.complete_step("r", 1, "build", {"ok": True}, duration_ms=1500)
    client.executions.start("child", run_id="c", parent_run_id="r")
    client.executions.await_event("r", 1, "approve", "approved", timeout_seconds=3600)
    return "r"


def test_list(runs: Invoke, waiting: str) -> None:
    found = json.loads(runs("list", "--json").stdout)
    assert [run["run_id"] for run in found] == ["c", waiting]
    assert "created" not in found[0]
    for filters, ids in {
        ("--status", "waiting"): [waiting],
        ("--workflow", "child"): ["c"],
        ("--parent", waiting): ["c"],
        ("--limit", "1", "--after", "c"): [waiting],
        ("--project", "none"): [],
    }.items():
        assert [run["run_id"] for run in json.loads(runs("list", *filters, "--json").stdout)] == ids
    heading, child, parent = runs("list").stdout.splitlines()
    assert heading.split() == ["run", "workflow", "status", "steps", "started", "(UTC)", "took", "now"]
    assert child.split()[:4] == ["c", "child", "pending", "0"]
    assert parent.split()[:4] == ["r", "release", "waiting", "1/2"]
    assert "for approved until" in parent


def test_show(runs: Invoke, waiting: str) -> None:
    found = json.loads(runs("show", waiting, "--json").stdout)
    assert [(step["step_name"], step["status"]) for step in found["steps"]] == [
        ("build", "completed"),
        ("approve", "waiting"),
    ]
    text = runs("show", waiting).stdout
    assert "release 1.0.0" in text
    assert '{"tag": "v1\\n"}' in text, "control characters are no lines"
    assert '{"ok": true}' in text


def test_tail_ends_with_the_run(
    runs: Invoke, client: pylayer.Client, waiting: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def go_on(seconds: float) -> None:
        """What happens between its first look and its second."""
        assert seconds == 0.1
        client.executions.emit_signal(waiting, "approved", "yes")
        client.executions.claim(waiting, "me")
        client.executions.await_event(waiting, 2, "approve", "approved")
        client.executions.complete(waiting, 2, "done")

    monkeypatch.setattr("pylayer.cli.runs.time", SimpleNamespace(sleep=go_on))
    lines = runs("tail", waiting, "--interval", "0.1").stdout.splitlines()
    said = [line.split(maxsplit=1)[1] for line in lines]
    assert said[:2] == ["step build completed", "step approve waiting"]
    assert said[2].startswith("waiting for approved")
    assert "step approve completed" in said
    assert said[-1] == "completed"
    found = [json.loads(line) for line in runs("tail", waiting, "--json").stdout.splitlines()]
    assert [entry.get("step_name") for entry in found] == ["build", "approve", None]


def test_cancel(runs: Invoke, client: pylayer.Client, waiting: str) -> None:
    assert json.loads(runs("cancel", waiting, "--reason", "enough", "--json").stdout)["reason"] == "enough"
    assert runs("cancel", waiting).stdout == "cancelled r\n"
    run = client.executions.get_by_id("c")
    assert (run.status, run.reason, bool(run.actor)) == ("cancelled", "enough", True)


def test_mistakes(runs: Invoke, client: pylayer.Client) -> None:
    with pytest.raises(InvalidInput):
        runs("list", "--status", "gone")
    for command in ("show", "tail", "cancel"):
        with pytest.raises(NotFound) as caught:
            runs(command, "none")
        assert caught.value.reason == "no_run"
    client.executions.start("w", run_id="r")
    client.executions.claim("r", "me")
    client.executions.complete("r", 1)
    with pytest.raises(Conflict):
        runs("cancel", "r")


def test_maintenance_ends_what_is_past_its_deadline(client: pylayer.Client) -> None:
    client.executions.start("w", run_id="r", deadline=datetime.now(UTC) - timedelta(seconds=1))
    [task] = [task for task in maintain(client) if task.task == "runs"]
    assert task.done == {"expired": 1, "purged": 0}
    assert client.executions.get_by_id("r").reason == "deadline_passed"


def test_show_draws_the_spans_as_a_tree(runs: Invoke, client: pylayer.Client) -> None:
    start = datetime(2026, 1, 31, tzinfo=UTC)

    def span(span_id: str, parent: str | None, second: int, **more: Any) -> Span:
        began = start + timedelta(seconds=second)
        return Span.model_validate(
            {
                "span_id": span_id,
                "parent_span_id": parent,
                "name": span_id,
                "kind": "agent",
                "started_at": began,
                "ended_at": began + timedelta(milliseconds=1500),
                **more,
            }
        )

    client.executions.start("w", run_id="r")
    usage = {"model": "large", "input_tokens": 1000, "output_tokens": 20, "cost_usd": "0.0104"}
    client.executions.record_traces(
        "r",
        [
            span("graph", None, 0),
            span("plan", "graph", 1),
            span("chat", "plan", 2, kind="llm", **usage),
            span("work", "graph", 3, status="error", error="no\nluck"),
            span("orphan", "gone", 4),
            span("loop", "loop", 5),
        ],
    )
    lines = runs("show", "r").stdout.splitlines()
    tree = lines[next(n for n, line in enumerate(lines) if line.startswith("span")) :]
    assert [line[:8].rstrip() for line in tree] == [
        *("span", "graph", "  plan", "    chat", "  work", "orphan", "loop"),
    ]
    assert tree[3].split() == ["chat", "llm", "2026-01-31", "00:00:02", "1500", "1000+20", "0.0104", "large"]
    assert tree[4].endswith("no\\nluck")
    found = json.loads(runs("show", "r", "--json").stdout)
    assert [span["span_id"] for span in found["spans"]] == ["graph", "plan", "chat", "work", "orphan", "loop"]
