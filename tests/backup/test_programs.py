"""pg_dump and pg_restore are found, new enough, and run without a password on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from pylayer.backup import programs
from pylayer.errors import Conflict, Unavailable

SCRIPT = '#!/bin/sh\nif [ "$1" = --version ]; then echo "pg_dump (PostgreSQL) {version}"; exit; fi\n{body}\n'


def program(folder: Path, version: str, body: str = "") -> Path:
    folder.mkdir(exist_ok=True)
    file = folder / "pg_dump"
    file.write_text(SCRIPT.format(version=version, body=body))
    file.chmod(0o755)
    return file


def test_the_path_goes_first_unless_it_is_too_old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = program(tmp_path / "old", "15.18"), program(tmp_path / "new", "19beta1")
    monkeypatch.setenv("PATH", str(new.parent), prepend=":")
    assert programs.find_program("pg_dump", 18) == new
    monkeypatch.setenv("PATH", str(old.parent), prepend=":")
    found = programs.find_program("pg_dump", 18)
    assert found != old
    assert programs.find_program("pg_dump", 15) == old


def test_none_is_new_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = program(tmp_path / "old", "15.18")
    monkeypatch.setenv("PATH", str(old.parent), prepend=":")
    with pytest.raises(Unavailable) as error:
        programs.find_program("pg_dump", 99)
    assert error.value.reason == "missing_program"
    assert error.value.detail
    assert f"{old} is of version 15" in error.value.detail


def test_the_password_is_in_the_environment_only(tmp_path: Path) -> None:
    said: list[str] = []
    shows = program(tmp_path, "18.0", 'echo "$PGPASSWORD | $*" >&2')
    programs.run_program(shows, ["--x"], "postgresql://u:secret@h:1/d", said.append)
    [line] = said
    password, arguments = line.split(" | ")
    assert password == "secret"
    assert "secret" not in arguments
    assert "--x" in arguments
    assert "dbname=d" in arguments


def test_what_fails_says_why(tmp_path: Path) -> None:
    fails = program(tmp_path, "18.0", "echo 'pg_dump: error: broken' >&2; exit 3")
    with pytest.raises(Conflict) as error:
        programs.run_program(fails, [], "postgresql://h/d", lambda _line: None)
    assert (error.value.reason, error.value.detail) == ("program_failed", "pg_dump: error: broken")
