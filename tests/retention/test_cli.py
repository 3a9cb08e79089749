"""``pylayer archive`` and ``pylayer doctor`` on months that leave and come back."""

from __future__ import annotations

import json
from typing import Any

import pytest
from typer.testing import CliRunner

import pylayer
from pylayer.cli import app
from pylayer.config import Settings
from pylayer.doctor import diagnose
from tests.retention.conftest import EVENTS
from tests.retention.support import Old, months_task
from tests.retention.test_killed import environment


@pytest.fixture
def run(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Any:
    for name, value in environment(settings).items():
        monkeypatch.setenv(name, value)
    return lambda *arguments: CliRunner().invoke(app, ["archive", *arguments])


@pytest.mark.parametrize("every", ["", "0s", "5", "1.5h", "99999d", "9999999999999999d", "5m\n"])
def test_what_is_no_interval(every: str) -> None:
    result = CliRunner().invoke(app, ["maintain", "--every", every])
    assert isinstance(result.exception, pylayer.InvalidInput)
    assert result.exception.reason == "invalid_interval"


def test_list_verify_restore(client: pylayer.Client, archiving: Old, run: Any) -> None:
    assert json.loads(run("list", "--json").stdout) == []
    months_task(client)
    assert f"{archiving.name}     {EVENTS}" in run("list").stdout
    [archive] = json.loads(run("list", "--json").stdout)
    assert (archive["rows"], archive["kept_until"]) == (EVENTS, None)
    assert json.loads(run("verify", "--json").stdout) == [{"month": archiving.name, "problem": None}]
    assert run("restore", archiving.name, "--days", "3").exit_code == 0
    assert len(archiving.rows()) == EVENTS
    assert "until" in run("list").stdout


def test_verify_fails_where_an_archive_is_damaged(client: pylayer.Client, archiving: Old, run: Any) -> None:
    months_task(client)
    client.blobs.put(client.archives.list()[0].storage_key, b"")
    result = run("verify", archiving.name, "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout) == [{"month": archiving.name, "problem": "archive_differs"}]
    assert run("verify").exit_code == 1


def test_what_is_no_month_is_refused(run: Any) -> None:
    for arguments in (("verify", "2026-13"), ("restore", "january")):
        error = run(*arguments).exception
        assert isinstance(error, pylayer.InvalidInput)
        assert error.reason == "bad_month"


def test_doctor_tells_the_runway_and_an_overdue_month(old: Old, settings: Settings) -> None:
    found = {check.name: check for check in diagnose(settings)}
    assert found["runway"].detail.startswith("3 ")
    assert (found["oldest partition"].status, old.name in found["oldest partition"].detail) == ("ok", True)
    old.conn.execute("select telemetry.raise_retention_floor()")
    old.conn.execute("update telemetry.retired_months set raised_at = now() - interval '3 days'")
    found = {check.name: check for check in diagnose(settings)}
    assert (found["oldest partition"].status, old.name in found["oldest partition"].detail) == ("warn", True)
