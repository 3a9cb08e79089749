"""``pylayer tasks``."""

from __future__ import annotations

import json
from typing import Any

import pytest
from typer.testing import CliRunner, Result

import pylayer
from pylayer.cli import app


@pytest.fixture
def run(dsn: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("DATABASE_URL", dsn)

    def invoke(*arguments: str) -> Result:
        return CliRunner().invoke(app, ["tasks", *arguments])

    return invoke


def test_dead_letters_are_listed_and_tried_again(run: Any, client: pylayer.Client) -> None:
    both = client.tasks.enqueue_many([{"task_name": name} for name in ("send", "keep")])  # ids that count up
    made = [task.execution_id for task in both]
    (task,) = client.tasks.claim("worker")
    client.tasks.fail(task.execution_id, task.lease, "Traceback\nboom", retry=False)
    listed = run("list", "--json")
    assert [found["execution_id"] for found in json.loads(listed.stdout)] == made[::-1]
    text = run("dead").stdout
    assert made[0] in text
    assert "boom" in text
    assert made[1] not in text
    assert json.loads(run("retry", made[0], made[1], "--json").stdout) == [made[0]]
    assert json.loads(run("retry", "--all", "--json").stdout) == []
    assert json.loads(run("list", "--status", "ready", "--name", "send", "--json").stdout)


@pytest.mark.parametrize("arguments", [("retry",), ("retry", "x", "--all")])
def test_retry_wants_ids_or_all(run: Any, arguments: tuple[str, ...]) -> None:
    error = run(*arguments).exception
    assert (error.code, error.reason) == ("PT400", "invalid_arguments")


def test_a_status_that_is_none_is_refused(run: Any) -> None:
    assert run("list", "--status", "lost").exception.code == "22P02"
