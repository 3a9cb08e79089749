"""Graphs that go on in another process: after an interrupt, and after SIGKILL before any of their writes."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from pylayer.langgraph import PylayerSaver
from tests.checkpoints.support import dangling, values
from tests.checkpoints.test_races import PUT, stored
from tests.checkpoints.victim import NODES
from tests.work.sessions import row, session

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


def points(*usual: int) -> list[Any]:
    """Each write as a point to die at; the usual ones by default, the others among the slow tests."""
    return [
        pytest.param(point, marks=() if point in usual else pytest.mark.slow)
        for point in range(1, WRITES_TO_QUESTION + 1)
    ]


def nodes_done(saver: PylayerSaver) -> int | None:
    """The nodes whose result the latest checkpoint holds; None when there is none."""
    found = values(saver)
    return None if found is None else len(found.get("seen", ["go"])) - 1


@pytest.mark.parametrize("kill_at", points(3, 6))
def test_killed_before_a_write_of_the_first_run(
    kill_at: int, dsn: str, conn: Connection[Any], saver: PylayerSaver
) -> None:
    assert run(dsn, "start", kill_at=kill_at) is None
    assert dangling(conn) == 0
    done = nodes_done(saver)
    asked = run(dsn, "start" if done is None else "go on")
    assert asked
    assert (asked["seen"], asked["next"]) == (ASKED, ["n2"])
    assert min(asked["ran"]) >= (done or 0), "what was stored does not run again"
    answered = run(dsn, "answer")
    assert answered
    assert answered["seen"] == WHOLE


@pytest.mark.parametrize("kill_at", points(2, 5)[:-1])
def test_killed_before_a_write_after_the_answer(
    kill_at: int, dsn: str, conn: Connection[Any], saver: PylayerSaver
) -> None:
    run(dsn, "start")
    if (finished := run(dsn, "answer", kill_at=kill_at)) is None:
        assert dangling(conn) == 0
        done = nodes_done(saver)
        finished = run(dsn, "go on")
        assert finished
        assert min(finished["ran"], default=NODES) >= (done or 0)
        if finished["next"]:  # the answer was not stored yet
            finished = run(dsn, "answer")
    assert finished
    assert (finished["seen"], finished["next"]) == (WHOLE, [])


def test_a_session_that_is_killed_in_a_put_leaves_nothing(dsn: str, conn: Connection[Any]) -> None:
    """The backend ends between the statements of a transaction that stores a checkpoint."""
    with suppress(psycopg.OperationalError), session(dsn) as storing:
        row(storing, PUT, *stored("t", "1"))
        pid = storing.info.backend_pid
        conn.execute("select pg_terminate_backend(%s, 10000)", [pid])
    for table in ("checkpoints", "checkpoint_blobs", "checkpoint_threads"):
        assert row(conn, f"select count(*) as n from work.{table}") == {"n": 0}
