"""``pylayer backup`` and ``pylayer restore``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import pylayer
from pylayer.cli import app
from pylayer.config import Settings
from tests.backup.conftest import Content
from tests.backup.test_killed import environment


def run(*arguments: str, exit_code: int = 0) -> str:
    result = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert result.exit_code == exit_code, result.output
    return result.stdout


@pytest.fixture(autouse=True)
def variables(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment(settings).items():
        monkeypatch.setenv(name, value)


def restore(target: Settings, monkeypatch: pytest.MonkeyPatch, *arguments: str, exit_code: int = 0) -> str:
    monkeypatch.setenv("S3_BUCKET", target.s3_bucket)
    url = target.require_database_url()
    return run("restore", *arguments, "--database-url", url, exit_code=exit_code)


def test_saved_and_restored(
    content: Content, target: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved: dict[str, Any] = json.loads(run("backup", "--out", str(tmp_path / "b"), "--json"))
    assert (saved["blobs"], saved["damaged"]) == (3, [])
    done = json.loads(restore(target, monkeypatch, str(tmp_path / "b"), "--json"))
    assert (done["ok"], done["blobs"], done["epoch"]) == (True, 3, 2)
    assert {check["status"] for check in done["checks"]} <= {"ok", "warn"}


def test_damage_is_exit_code_1(
    content: Content,
    client: pylayer.Client,
    target: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client.blobs.delete(content.small.storage_key)
    assert "3 objects" in run("backup", "--out", str(tmp_path / "b"), exit_code=1)
    text = restore(target, monkeypatch, str(tmp_path / "b"), "--skip-damaged", exit_code=1)
    assert "2 objects" in text
