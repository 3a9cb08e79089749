"""Graphs that go on in another process: after an interrupt, and after SIGKILL before any of their writes."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection

from tests.checkpoints.support import dangling
from tests.checkpoints.victim import NODES

ROOT = Path(__file__).parents[2]
ASKED = ["go", "0" * 60, "1" * 60]
WHOLE = [*ASKED, "2yes" * 60, "3" * 60, "4" * 60]
WRITES_TO_QUESTION = 8


def run(dsn: str, action: str, *, kill_at: int = 0) -> dict[str, Any] | None:
    """What the process prints; None when it was killed."""
    command = [sys.executable, "-m", "tests.checkpoints.victim", dsn, str(kill_at), action]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode == -signal.SIGKILL:
        return None
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_an_interrupt_is_answered_in_another_process(dsn: str, conn: Connection[Any]) -> None:
    asked = run(dsn, "start")
    assert asked
    assert (asked["seen"], asked["next"], asked["ran"]) == (ASKED, ["n2"], [0, 1, 2])
    assert asked["writes"] == WRITES_TO_QUESTION
    answered = run(dsn, "answer")
    assert answered
    assert (answered["seen"], answered["next"], answered["ran"]) == (WHOLE, [], [2, 3, 4])
    assert dangling(conn) == 0


@pytest.mark.parametrize("kill_at", range(2, WRITES_TO_QUESTION + 1))
def test_killed_before_any_write_of_the_first_run(kill_at: int, dsn: str, conn: Connection[Any]) -> None:
    assert run(dsn, "start", kill_at=kill_at) is None
    assert dangling(conn) == 0
    asked = run(dsn, "go on")
    assert asked
    assert (asked["seen"], asked["next"]) == (ASKED, ["n2"])
    assert len(asked["ran"]) < 3 or kill_at <= 3, "what was stored does not run again"
    answered = run(dsn, "answer")
    assert answered
    assert answered["seen"] == WHOLE


@pytest.mark.parametrize("kill_at", [2, 4, 6, 7])
def test_killed_before_a_write_after_the_answer(kill_at: int, dsn: str, conn: Connection[Any]) -> None:
    run(dsn, "start")
    assert run(dsn, "answer", kill_at=kill_at) is None
    assert dangling(conn) == 0
    finished = run(dsn, "go on")
    assert finished
    assert (finished["seen"], finished["next"]) == (WHOLE, [])
    assert len(finished["ran"]) < NODES


def test_a_session_that_is_killed_in_a_put_leaves_nothing(dsn: str, conn: Connection[Any]) -> None:
    """The backend ends between the statements of a transaction that stores a checkpoint."""
    from tests.checkpoints.test_races import PUT, stored
    from tests.work.sessions import row, session

    with session(dsn) as storing:
        row(storing, PUT, *stored("t", "1"))
        pid = storing.info.backend_pid
        conn.execute("select pg_terminate_backend(%s, 10000)", [pid])
    for table in ("checkpoints", "checkpoint_blobs", "checkpoint_threads"):
        assert row(conn, f"select count(*) as n from work.{table}") == {"n": 0}
