"""``pylayer export training``."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

import pylayer
from pylayer.cli import app
from pylayer.config import Settings
from pylayer.errors import InvalidInput
from tests.events.samples import step, ulid_at


@pytest.fixture(autouse=True)
def environment(settings: Settings, client: pylayer.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", settings.require_database_url())
    client.events.ingest(step(ulid_at(datetime.now(UTC) - timedelta(days=1))))


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["export", "training", *arguments], catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


def test_days_up_to_today_are_written(tmp_path: Path) -> None:
    found = json.loads(run("--from", "2d", "--out", str(tmp_path), "--json"))
    assert (found["files"], found["written"], found["rows"]) == (2, 2, 1)
    assert Path(found["manifest"]).exists()
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    name = f"data/training/agent_events/agent_events_{yesterday}.csv"
    text = run("--from", str(yesterday), "--to", "0d", "--format", "csv", "--out", str(tmp_path))
    assert "1 files, 1 rows" in text
    assert (tmp_path / name).read_text().count("\n") == 2


def test_chat_is_written_as_messages(client: pylayer.Client, tmp_path: Path) -> None:
    client.conversations.save("c")
    client.conversations.append("c", "user", "Hello")
    tomorrow = datetime.now(UTC).date() + timedelta(days=1)
    found = json.loads(run("--chat", "--from", "0d", "--to", str(tomorrow), "--out", str(tmp_path), "--json"))
    assert found["rows"] == 1
    [file] = (tmp_path / "data/training/chat").glob("chat_*.jsonl")
    assert json.loads(file.read_text()) == {"messages": [{"role": "user", "content": "Hello"}]}


def test_chat_is_no_table(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput) as error:
        run("--chat", "--format", "csv", "--out", str(tmp_path))
    assert error.value.reason == "jsonl_only"
