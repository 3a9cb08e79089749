"""What a person meets when the database can't be used: one clear line, never a traceback or a secret."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SECRET = "correct-horse"
NOBODY_LISTENS = f"postgresql://u:{SECRET}@127.0.0.1:1/x"
MALFORMED = f"u:{SECRET}@host"
EVERY = [["artifact", "ls"], ["events", "query"], ["key", "list"], ["maintain"], ["migrate"], ["doctor"]]


def _run(arguments: list[str], folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    program = "from pylayer.cli import main; main()"
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(sys.path), **variables}
    return subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("arguments", EVERY, ids=" ".join)
def test_a_malformed_url_is_refused_and_not_shown(arguments: list[str], tmp_path: Path) -> None:
    done = _run(arguments, tmp_path, DATABASE_URL=MALFORMED)
    assert done.returncode == 1
    assert done.stderr.startswith("error PT400/bad_database_url: DATABASE_URL")
    assert SECRET not in done.stdout + done.stderr


@pytest.mark.parametrize("arguments", EVERY[:5], ids=" ".join)
def test_a_server_that_is_away_is_told_at_once(arguments: list[str], tmp_path: Path) -> None:
    done = _run(arguments, tmp_path, DATABASE_URL=NOBODY_LISTENS)
    assert done.returncode == 1
    assert done.stderr.startswith("error 08006")
    assert SECRET not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert "pool-" not in done.stderr


@pytest.mark.parametrize("arguments", [["up"], ["env"], ["demo"], ["artifact", "ls"]], ids=" ".join)
def test_a_setting_of_the_wrong_type_is_named(arguments: list[str], tmp_path: Path) -> None:
    done = _run(arguments, tmp_path, DATABASE_POOL_SIZE="many")
    assert done.returncode == 1
    assert done.stderr.startswith("error PT400/bad_setting: the setting DATABASE_POOL_SIZE")


def test_an_empty_variable_counts_as_unset(tmp_path: Path) -> None:
    done = _run(["artifact", "ls"], tmp_path, DATABASE_URL="")
    assert done.stderr.startswith("error PT400/no_database")


@pytest.mark.parametrize("age", ["banana", "99999999999999w"])
def test_a_time_that_is_none(age: str, tmp_path: Path) -> None:
    done = _run(["events", "query", "--since", age], tmp_path, DATABASE_URL=NOBODY_LISTENS)
    assert done.stderr.startswith("error PT400/invalid_time")


def test_a_data_directory_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = _run(["up", "--data-dir", "file"], tmp_path)
    assert done.stderr.startswith("error PT400/bad_directory")
