"""``pylayer conversations``."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

import pylayer
from pylayer.cli import app
from pylayer.errors import InvalidInput, NotFound

Invoke = Callable[..., Result]
_CALL = {"id": "c1", "type": "function", "function": {"name": "forecast", "arguments": '{"day": 1}'}}


@pytest.fixture
def conversations(dsn: str, client: pylayer.Client, monkeypatch: pytest.MonkeyPatch) -> Invoke:
    monkeypatch.setenv("DATABASE_URL", dsn)
    client.conversations.save("chat", title="Weather", agent_id="helper", project_id="web", run_id="run-1")
    client.conversations.append("chat", "user", "Will it rain?\n\x1b[31mred")
    client.conversations.append("chat", "assistant", tool_calls=[_CALL], agent_id="helper")
    client.conversations.append(
        "chat", "tool", "x" * 300 + " snow " + "y" * 300, tool_call_id="c1", is_error=True
    )
    client.conversations.save("other")

    def call(*arguments: str, code: int = 0) -> Result:
        result = CliRunner().invoke(app, ["conversations", *arguments], color=True)
        assert result.exit_code == code, result.output
        return result

    return call


def parsed(result: Result) -> Any:
    return json.loads(result.stdout)


def test_list(conversations: Invoke) -> None:
    assert [found["instance_id"] for found in parsed(conversations("list", "--json"))] == ["other", "chat"]
    for arguments in (("--agent", "helper"), ("--project", "web"), ("--run", "run-1"), ("--after", "other")):
        assert [found["title"] for found in parsed(conversations("list", *arguments, "--json"))] == [
            "Weather"
        ]
    lines = conversations("list").stdout.splitlines()
    assert lines[2].split()[:2] == ["chat", "3"]
    assert parsed(conversations("list", "--agent", "none", "--json")) == []


def test_show(conversations: Invoke) -> None:
    shown = conversations("show", "chat").stdout
    assert shown.startswith("-- 1 user, ")
    assert r"\x1b[31mred" in shown, "nothing that a message says drives the terminal"
    assert 'forecast({"day": 1})' in shown
    assert "-- 3 tool (error), " in shown
    assert [m["position"] for m in parsed(conversations("show", "chat", "--json"))] == [1, 2, 3]
    assert [m["position"] for m in parsed(conversations("show", "chat", "--limit", "1", "--json"))] == [3]
    assert [m["position"] for m in parsed(conversations("show", "chat", "--after", "1", "--json"))] == [2, 3]
    assert parsed(conversations("show", "other", "--json")) == []
    assert isinstance(conversations("show", "none", code=1).exception, NotFound)


def test_search(conversations: Invoke) -> None:
    assert [m["position"] for m in parsed(conversations("search", "raining", "--json"))] == [1]
    assert parsed(conversations("search", "rain", "--agent", "none", "--json")) == []
    assert parsed(conversations("search", "rain", "--conversation", "other", "--json")) == []
    line = conversations("search", "snow").stdout.splitlines()[1]
    assert line.startswith("chat  ")
    assert " snow y" in line
    assert len(line) < 300
    assert isinstance(conversations("search", "the", code=1).exception, InvalidInput)
