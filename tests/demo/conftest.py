"""Source trees for the demo, and the events that a run left."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection

import pylayer
from pylayer.config import Settings
from pylayer.demo.audit import AuditSummary, run_audit
from pylayer.emitter import Emitter, SqlTransport

Audit = Callable[..., AuditSummary]
Rows = list[dict[str, Any]]
Events = Callable[[str], Rows]


@pytest.fixture(autouse=True)
def _no_repository_around(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep git from finding a repository that happens to lie around the temporary folder."""
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let runs wait for their delivery however slow the machine is."""
    monkeypatch.setattr("pylayer.demo.audit._PATIENCE", 60.0)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A tree with one of everything that a tree should not have."""
    root = tmp_path / "sources"
    (root / "package").mkdir(parents=True)
    (root / "package" / "lint.py").write_text("import os\nprint(nobody)\n")
    (root / "package" / "broken.py").write_text("def (\n")
    (root / "long.py").write_text("x = 1\n" * 401)
    (root / "large.txt").write_bytes(b"y" * 500_001)
    (root / "latin.py").write_bytes(b"name = '\xff'\n")
    (root / "two words\nand lines.py").write_text("import sys\n")
    (root / os.fsdecode(b"bytes\xff.txt")).write_text("a name that is not UTF-8")
    (root / "tool.sh").write_text("#!/bin/sh\n")
    (root / "tool.sh").chmod(0o755)
    (root / "loop").symlink_to(".", target_is_directory=True)
    (root / "outside").symlink_to(tmp_path)
    (tmp_path / "secret.py").write_text("import os\n")
    return root


@pytest.fixture
def git() -> Callable[..., None]:
    """Run git in a folder."""

    def run(folder: Path, *arguments: str) -> None:
        subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True)

    return run


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    """The spool directory of `audit`."""
    return tmp_path / "spool"


@pytest.fixture
def audit(client: pylayer.Client, settings: Settings, spool: Path) -> Iterator[Audit]:
    """Run an audit on the fresh database."""
    with Emitter(SqlTransport(settings=settings), spool=spool) as emitter:
        yield partial(run_audit, client, emitter=emitter)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let runs wait for no delivery."""
    monkeypatch.setattr("pylayer.demo.audit._PATIENCE", 0.1)


@pytest.fixture
def events(conn: Connection[dict[str, Any]]) -> Events:
    """Return the events of a run as they stand in the table, in the order in which they happened."""

    def of(run_id: str) -> Rows:
        return conn.execute(
            "select event_name, item_id, workflow_name, agent_role, payload"
            " from telemetry.workflow_events where run_id = %s order by ts, event_id",
            (run_id,),
        ).fetchall()

    return of
