"""``pylayer up``, ``down``, ``env``."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from pylayer.cli import stack as commands
from pylayer.embedded import Stack
from pylayer.errors import InvalidInput

app = typer.Typer()
commands.register(app)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "it's $HOME `here`" / "home"
    yield folder
    Stack(folder).down()


def _invoke(*arguments: str | Path) -> str:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


def test_env_of_a_running_stack_evals_in_sh(home: Path) -> None:
    assert json.loads(_invoke("up", "--data-dir", home, "--json"))["started"] == ["postgres", "s3"]
    lines = _invoke("env", "--data-dir", home)
    program = 'eval "$1"; printf "%s\n" "$DATABASE_URL" "$S3_BUCKET" "$PYLAYER_HOME"'
    shell = subprocess.run(
        ["sh", "-c", program, "sh", lines],
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
    )
    url = Stack(home).environment()["DATABASE_URL"]
    assert shell.stdout.splitlines() == [url, "artifacts", str(home)]
    assert json.loads(_invoke("env", "--data-dir", home, "--json"))["DATABASE_URL"] == url
    assert json.loads(_invoke("down", "--data-dir", home, "--json"))["stopped"] == ["s3", "postgres"]


def test_home_comes_from_the_environment(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYLAYER_HOME", str(home))
    _invoke("up")
    assert "runs already" in _invoke("up")
    assert Stack(home).environment()
    _invoke("down")
    assert json.loads(_invoke("down", "--json")) == {"stopped": []}


def test_env_without_a_stack_is_an_error(home: Path) -> None:
    with pytest.raises(InvalidInput) as error:
        _invoke("env", "--data-dir", home)
    assert error.value.reason == "not_running"
