"""Processes that are killed, forked, started together, or just end: each event once in the table."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection

from pylayer.emitter import Emitter, EmitterStats, HttpTransport, SqlTransport
from tests.emitter.conftest import MakeEmitter
from tests.emitter.doubles import FakeServer, MemoryTransport, Store, event, fake_server
from tests.emitter.test_retries import letters
from tests.emitter.victim import POINTS
from tests.waiting import wait_until

VICTIM = Path(__file__).with_name("victim.py")
ROOT = Path(__file__).parents[2]


def start(*arguments: object, pipesize: int = -1) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *map(str, arguments)],
        stdout=subprocess.PIPE,
        pipesize=pipesize,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def run(*arguments: object) -> tuple[list[str], int]:
    """What a process printed, and how it ended."""
    with start(*arguments) as process:
        assert process.stdout is not None
        return process.stdout.read().split(), process.wait(60)


def stored(conn: Connection[dict[str, Any]]) -> list[str]:
    rows = conn.execute("select event_id from telemetry.workflow_events order by event_id").fetchall()
    return [row["event_id"] for row in rows]


def deliver(dsn: str, spool: Path) -> EmitterStats:
    """What the next process does."""
    with Emitter(SqlTransport(dsn), spool=spool) as emitter:
        assert emitter.flush(60)
    return emitter.stats


@pytest.mark.parametrize("point", POINTS)
def test_killed(dsn: str, conn: Connection[dict[str, Any]], spool: Path, point: str) -> None:
    """After the next start, whatever ``emit`` returned for is in the table once, or in the dead letters."""
    emitted, code = run(VICTIM, dsn, spool, point, 200)
    assert code == (0 if point == "never" else -signal.SIGKILL)
    deliver(dsn, spool)
    refused = {letter["event_id"] for letter in letters(spool)}
    assert refused
    found = [*stored(conn), *refused]
    assert len(found) == len(set(found))
    assert set(emitted) <= set(found)
    # The last one, stored or refused, may have been written before the process could say so.
    assert len(found) - len(emitted) in (0, 1)
    assert list(spool.glob("*.spool")) == []


def test_killed_between_emit_and_flush(dsn: str, conn: Connection[dict[str, Any]], spool: Path) -> None:
    script = """
import os, signal, sys
from pathlib import Path
from pylayer.emitter import Emitter, SqlTransport
from pylayer.events import Event
emitter = Emitter(SqlTransport(sys.argv[1]), spool=Path(sys.argv[2]), max_delay=60, max_batch_events=10_000)
for n in range(1000):
    event = Event(event_name="workflow.flow_issue", payload={"issue_type": str(n), "impact": "low"})
    print(emitter.emit(event))
sys.stdout.flush()
os.kill(os.getpid(), signal.SIGKILL)
"""
    emitted, code = run("-c", script, dsn, spool)
    assert (len(emitted), code) == (1000, -signal.SIGKILL)
    assert stored(conn) == []
    assert deliver(dsn, spool) == EmitterStats(adopted=1000, delivered=1000)
    assert stored(conn) == sorted(emitted)
    assert deliver(dsn, spool) == EmitterStats()


@pytest.mark.slow
@pytest.mark.parametrize("attempt", range(5))
def test_killed_at_any_time(dsn: str, conn: Connection[dict[str, Any]], spool: Path, attempt: int) -> None:
    """Three processes on one spool, each killed and started again; at the end, all is there once."""
    emitted: set[str] = set()
    for _ in range(3):
        victims = [start(VICTIM, dsn, spool, "never", 100_000, pipesize=4096) for _ in range(3)]
        go = threading.Event()  # until all have begun, a full pipe holds up those that were faster
        readers = [_Reader(victim, go) for victim in victims]
        wait_until(lambda: all(reader.ids for reader in readers))  # noqa: B023
        go.set()
        time.sleep(0.05 * attempt)
        for victim in victims:
            victim.kill()
            victim.wait()
        for reader in readers:
            reader.join()
            emitted |= set(reader.ids)
    with Emitter(SqlTransport(dsn), spool=spool) as heir:
        wait_until(
            lambda: heir.flush(30) and not list(spool.glob("*.spool")), 60
        )  # in turns, where it is much
    found = stored(conn)
    assert len(found) == len(set(found))
    found += {letter["event_id"] for letter in letters(spool)}
    assert emitted <= set(found)
    assert len(found) - len(emitted) <= 9


class _Reader(threading.Thread):
    """Collects the whole lines that a process prints: the first one, and the others from a moment on."""

    def __init__(self, process: subprocess.Popen[str], go: threading.Event) -> None:
        super().__init__(daemon=True)
        self._process = process
        self._go = go
        self.ids: list[str] = []
        self.start()

    def run(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                if line.endswith("\n"):
                    self.ids.append(line.strip())
                self._go.wait()


@pytest.mark.parametrize(
    "end", ["", "raise SystemExit(3)", "raise RuntimeError"], ids=["end", "exit", "error"]
)
def test_at_exit_everything_is_delivered(
    dsn: str, conn: Connection[dict[str, Any]], spool: Path, end: str
) -> None:
    script = f"""
import sys
from pathlib import Path
from pylayer.emitter import Emitter, SqlTransport, lifecycle
from pylayer.events import Event
sys.stderr = open("/dev/null", "w")
lifecycle._EXIT_SECONDS = 60  # a slow machine takes its time to connect
emit = Emitter(SqlTransport(sys.argv[1]), spool=Path(sys.argv[2]), max_delay=60).emit
print(emit(Event(event_name="workflow.flow_issue", payload={{"issue_type": "x", "impact": "low"}})))
{end}
"""
    emitted, _ = run("-c", script, dsn, spool)
    assert stored(conn) == emitted
    assert list(spool.iterdir()) == []


def test_exit_is_not_held_up_by_an_endpoint_that_is_away(spool: Path, store: Store) -> None:
    with fake_server(store) as server:
        url = server.url
    script = """
import sys, time
from pathlib import Path
from pylayer.emitter import Emitter, HttpTransport
from pylayer.events import Event
emitters = [Emitter(HttpTransport(sys.argv[1]), spool=Path(sys.argv[2]) / str(n)) for n in range(3)]
for emitter in emitters:
    print(emitter.emit(Event(event_name="workflow.flow_issue", payload={})))
print(time.monotonic())
"""
    (*emitted, end), code = run("-c", script, url, spool)
    assert code == 0
    assert time.monotonic() - float(end) < 14, "all of them within five seconds, not each"
    assert len(emitted) == 3


def test_two_processes_that_start_together_share_what_was_left(
    dsn: str, conn: Connection[dict[str, Any]], spool: Path
) -> None:
    emitted: list[str] = []
    for victim in [start(VICTIM, dsn, spool, "before a send", 40) for _ in range(3)]:
        with victim:
            assert victim.stdout is not None
            emitted += victim.stdout.read().split()
    heirs = [start(VICTIM, dsn, spool, "never", 20) for _ in range(3)]
    for heir in heirs:
        with heir:
            assert heir.stdout is not None
            emitted += heir.stdout.read().split()
        assert heir.returncode == 0
    with Emitter(SqlTransport(dsn), spool=spool) as heir:
        wait_until(
            lambda: heir.flush(30) and not list(spool.glob("*.spool")), 60
        )  # in turns, where it is much
    found = stored(conn)
    assert len(found) == len(set(found))
    found += {letter["event_id"] for letter in letters(spool)}
    assert set(emitted) <= set(found)
    assert len(found) - len(emitted) <= 3


def _in_child(work: Callable[[], None]) -> int:
    """Run ``work`` in a forked child, and return its exit code."""
    pid = os.fork()
    if pid == 0:
        try:
            work()
            os._exit(0)
        except BaseException:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_a_fork(make: MakeEmitter, server: FakeServer, store: Store) -> None:
    """The child begins anew and delivers its own; the parent keeps its events, file and connection."""
    emitter = make(HttpTransport(server.url))
    before = emitter.emit(event())
    assert emitter.flush(60)
    held = threading.Event()

    def slowly(_: object) -> None:
        held.wait(0.3)

    server.always = slowly
    pending = [emitter.emit(event()) for _ in range(10)]

    def child() -> None:
        assert emitter.stats == EmitterStats()
        emitter.emit(event(payload={"from": "child"}))
        assert emitter.flush(60)
        assert emitter.stats == EmitterStats(emitted=1, delivered=1)
        assert emitter.close()

    assert _in_child(child) == 0
    held.set()
    after = emitter.emit(event())
    assert emitter.flush(60)
    own = [event_id for event_id, one in store.events.items() if one["payload"].get("from") != "child"]
    assert own == [before, *pending, after]
    assert len(store.events) == 13
    assert emitter.stats == EmitterStats(emitted=12, delivered=12)


def test_a_fork_under_fire(make: MakeEmitter, dsn: str, conn: Connection[dict[str, Any]]) -> None:
    """Other threads emit while the process forks: no child hangs, no event is lost or doubled."""
    emitter = make(SqlTransport(dsn))
    stop = threading.Event()
    ids: list[list[str]] = [[], []]

    def emit(n: int) -> None:
        while not stop.is_set():
            ids[n].append(emitter.emit(event()))
            time.sleep(0.0002)

    threads = [threading.Thread(target=emit, args=(n,)) for n in range(2)]
    for thread in threads:
        thread.start()

    def child() -> None:
        for _ in range(5):
            emitter.emit(event(run_id="child"))
        assert emitter.flush(60)

    try:
        assert [_in_child(child) for _ in range(8)] == [0] * 8
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert emitter.flush(60)
    found = conn.execute("select run_id, count(*) as n from telemetry.workflow_events group by 1").fetchall()
    assert {row["run_id"]: row["n"] for row in found} == {"child": 40, None: len(ids[0]) + len(ids[1])}


def test_what_a_killed_child_leaves_is_delivered_by_its_parent(
    make: MakeEmitter, store: Store, spool: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the master of a server with forked workers does."""
    monkeypatch.setattr("pylayer.emitter.outbox._ADOPT_EVERY", 0.05)
    emitter = make(max_delay=0.05)

    def child() -> None:
        emitter._limits = emitter._outbox._limits = type(emitter._limits)(10_000, 10**6, 60.0, 10**8, "block")
        for _ in range(10):
            emitter.emit(event())
        os.kill(os.getpid(), signal.SIGKILL)

    assert _in_child(child) == -signal.SIGKILL
    wait_until(lambda: emitter.stats.delivered == 10)
    assert len(store.events) == 10
    assert emitter.stats == EmitterStats(adopted=10, delivered=10)


def _work(emitter: Emitter) -> None:
    for _ in range(5):
        emitter.emit(event())


def test_a_multiprocessing_child_delivers_before_it_ends(
    make: MakeEmitter, server: FakeServer, store: Store
) -> None:
    """Such children skip atexit."""
    emitter = make(HttpTransport(server.url), max_delay=60, spool=None)
    children = [multiprocessing.get_context("fork").Process(target=_work, args=(emitter,)) for _ in range(3)]
    for child in children:
        child.start()
    for child in children:
        child.join(60)
        assert child.exitcode == 0
    assert len(store.events) == 15


def test_a_closed_emitter_forks(make: MakeEmitter, transport: MemoryTransport) -> None:
    emitter = make()
    emitter.close()
    assert _in_child(lambda: None) == 0
