"""100,000 events through HTTP from 8 clients, while the servers they depend on are killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest

import pylayer
from pylayer.embedded import Stack
from pylayer.embedded.process import free_port
from pylayer.emitter import Emitter, HttpTransport
from pylayer.events import Event
from tests.events.samples import step
from tests.faults.test_postgres_killed import kill_postgres
from tests.waiting import wait_until

_CLIENTS = 8
_EVENTS = 12_500  # of each client


class ApiServer:
    """``pylayer serve`` in a process of its own, on a port that it keeps."""

    def __init__(self, stack: Stack, log: Path) -> None:
        self._environment = {**os.environ, **stack.environment()}
        self._log = log
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        before = self._log.stat().st_size if self._log.exists() else 0
        command = [str(Path(sys.executable).parent / "pylayer"), "serve", "--port", str(self._port)]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, env=self._environment, stdout=log, stderr=log)
        wait_until(lambda: b"listening on" in self._log.read_bytes()[before:])

    def stop(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)
        self._process.wait(60)
        self._process = None

    def restart(self, number: signal.Signals) -> None:
        self.stop(number)
        self.start()

    def close(self) -> None:
        if self._process is not None:
            self.stop(signal.SIGTERM)


@pytest.fixture
def server(durable_stack: Stack, tmp_path: Path) -> Iterator[ApiServer]:
    api = ApiServer(durable_stack, tmp_path / "serve.log")
    try:
        yield api
    finally:
        api.close()


@pytest.mark.slow
def test_every_event_arrives_once(durable_stack: Stack, server: ApiServer, tmp_path: Path) -> None:
    dsn = durable_stack.environment()["DATABASE_URL"]
    with pylayer.connect(dsn) as client:
        secret = client.keys.create("test", scopes=["events:write"]).secret
    server.start()
    faults: list[Callable[[], None]] = [
        lambda: server.restart(signal.SIGKILL),
        lambda: server.restart(signal.SIGTERM),
        lambda: (kill_postgres(durable_stack), durable_stack.up())[0],
        lambda: server.restart(signal.SIGKILL),
    ]
    with ExitStack() as cleanup, ThreadPoolExecutor(_CLIENTS) as pool:
        emitters = [
            cleanup.enter_context(
                Emitter(
                    HttpTransport(server.url, secret),
                    spool=tmp_path / f"spool-{n}",
                    max_batch_events=1 if n == 0 else 200,  # one of them sends each event alone
                    max_delay=0.05,
                )
            )
            for n in range(_CLIENTS)
        ]
        sent = [pool.submit(_emit, emitter, n) for n, emitter in enumerate(emitters)]
        for number, fault in enumerate(faults, start=1):
            _wait_for_delivery(emitters, number * 18_000)
            fault()
        expected = {event_id for future in sent for event_id in future.result()}
        assert all(emitter.flush(180) for emitter in emitters)
        stats = [emitter.stats for emitter in emitters]

    assert len(expected) == _CLIENTS * _EVENTS
    assert sum(one.refused + one.dropped + one.conflicts + one.pending for one in stats) == 0
    assert sum(one.retries for one in stats) > 0  # the faults were felt
    with psycopg.connect(dsn) as conn:
        found = [row[0] for row in conn.execute("select event_id from telemetry.workflow_events")]
    assert len(found) == len(expected)
    assert set(found) == expected


def _emit(emitter: Emitter, client: int) -> list[str]:
    return [emitter.emit(Event(**step(run_id=f"run-{client}"))) for _ in range(_EVENTS)]


def _wait_for_delivery(emitters: list[Emitter], count: int) -> None:
    end = time.monotonic() + 120
    while sum(emitter.stats.delivered for emitter in emitters) < count:
        assert time.monotonic() < end, [emitter.stats for emitter in emitters]
        time.sleep(0.02)
