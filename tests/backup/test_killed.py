"""A backup or a restore that is killed goes on when it is made again, and never passes for complete."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import Connection

import pylayer
from pylayer.backup import backup, restore
from pylayer.config import Settings
from pylayer.embedded import Stack
from pylayer.errors import NotFound, Retryable
from tests.backup.conftest import LARGE, Content
from tests.waiting import wait_until

# The small pipe keeps a program that says much from getting far ahead of who reads it, and from ending.
KILLED = """
import functools, os, signal, subprocess, sys
from pathlib import Path
subprocess.Popen = functools.partial(subprocess.Popen, pipesize=4096)
from pylayer.backup import {function}
from pylayer.config import Settings
def progress(label, done, total):
    if {point!r} in label and done >= {done}:
        os.kill(os.getpid(), signal.SIGKILL)
{function}(Settings.load(), Path(sys.argv[1]), progress=progress)
"""


def environment(settings: Settings) -> dict[str, str]:
    assert settings.s3_endpoint
    assert settings.s3_access_key
    assert settings.s3_secret_key
    return {
        "DATABASE_URL": settings.require_database_url(),
        "AWS_ENDPOINT_URL_S3": settings.s3_endpoint,
        "AWS_ACCESS_KEY_ID": settings.s3_access_key.get_secret_value(),
        "AWS_SECRET_ACCESS_KEY": settings.s3_secret_key.get_secret_value(),
        "S3_BUCKET": settings.s3_bucket,
    }


def kill(function: str, settings: Settings, path: Path, point: str, done: int = 0) -> None:
    """Run it in a process of its own, which kills itself at a point."""
    code = KILLED.format(function=function, point=point, done=done)
    ended = subprocess.run(
        [sys.executable, "-c", code, str(path)], env=environment(settings), check=False, timeout=120
    )
    assert ended.returncode == -signal.SIGKILL


def is_empty(settings: Settings) -> bool:
    with psycopg.connect(settings.require_database_url()) as connection:
        row = connection.execute("select to_regnamespace('core') is null").fetchone()
    return row == (True,)


@pytest.mark.parametrize(
    ("point", "done"),
    [
        ("dumping contents of table", 0),
        ("listing the objects", 0),
        ("copying objects", 1),
        ("copying objects", len(LARGE)),
        ("writing the manifest", 0),
    ],
)
def test_backup(
    settings: Settings,
    content: Content,
    target: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    point: str,
    done: int,
) -> None:
    monkeypatch.setattr("pylayer.backup.saving._WAIT_SECONDS", 60.0)  # for the pg_dump that is left
    kill("backup", settings, tmp_path / "b", point, done)
    with pytest.raises(NotFound) as error:
        restore(target, tmp_path / "b")
    assert error.value.reason == "no_backup"
    kept = {file: file.stat().st_mtime_ns for file in (tmp_path / "b").glob("blobs/*/?*[0-9a-f]")}
    assert backup(settings, tmp_path / "b").blobs == 3
    assert {file: file.stat().st_mtime_ns for file in kept} == kept, "what was complete is not copied again"
    assert not list((tmp_path / "b").rglob("*.partial"))
    assert restore(target, tmp_path / "b").ok


@pytest.mark.parametrize(
    ("point", "done"),
    [
        ("restoring objects", 1),
        ("restoring objects", len(LARGE)),
        ("processing data for table", 0),
        ("creating TRIGGER", 0),
    ],
)
def test_restore(
    settings: Settings, content: Content, target: Settings, tmp_path: Path, *, point: str, done: int
) -> None:
    backup(settings, tmp_path / "b")
    kill("restore", target, tmp_path / "b", point, done)
    left = (
        "select pid from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
        " and backend_type = 'client backend'"
    )
    with psycopg.connect(target.require_database_url(), autocommit=True) as connection:
        wait_until(lambda: connection.execute(left).fetchone() is None)
    assert is_empty(target), "one transaction: nothing of it is there"
    assert restore(target, tmp_path / "b").ok


def test_two_backups_to_one_folder(
    settings: Settings, content: Content, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pylayer.backup.saving._WAIT_SECONDS", 0.0)
    tried: list[str | None] = []

    def meanwhile(label: str, _done: int, _total: int | None) -> None:
        if label == "listing the objects":
            with pytest.raises(Retryable) as error:
                backup(settings, tmp_path / "b")
            tried.append(error.value.reason)

    backup(settings, tmp_path / "b", progress=meanwhile)
    assert tried == ["backup_running"]


def test_into_a_cluster_that_never_saw_pylayer(
    settings: Settings, content: Content, conn: Connection[Any], tmp_path: Path
) -> None:
    """Its roles are made, and rows stored there are told from those of the old cluster."""
    backup(settings, tmp_path / "b")
    stack = Stack(tmp_path / "stack", durable=False)
    try:
        other = Settings.from_environment(stack.up(migrate=False).environment)
        assert is_empty(other)
        done = restore(other, tmp_path / "b")
        assert [check for check in done.checks if check.status == "fail"] == []
        assert (done.ok, done.epoch) == (True, 2)
        with pylayer.connect(settings=other, role="pylayer_agent") as client:
            assert client.artifacts.read(content.large.artifact_id) == LARGE
        with psycopg.connect(other.require_database_url()) as connection:
            epochs = connection.execute("select core.current_epoch(), epoch from core.settings").fetchall()
        assert epochs == [(2, 2)]
    finally:
        stack.down()
