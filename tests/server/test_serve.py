"""``pylayer serve`` as a process: its address, its keys, how it stops, and a Postgres that goes away."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

import pylayer
from pylayer.config import Settings
from pylayer.embedded import Stack
from tests.events.samples import step
from tests.faults.test_postgres_killed import kill_postgres
from tests.server.locks import nobody_inserts, waiting
from tests.waiting import wait_until

PATH = "/telemetry/events"


class Process:
    """A running ``pylayer serve``."""

    def __init__(self, popen: subprocess.Popen[str], log: Path) -> None:
        self.popen = popen
        self._log = log
        wait_until(lambda: popen.poll() is not None or "listening on" in self.output)
        found = re.search(r"^listening on (http://\S+)$", self.output, re.MULTILINE)
        self.url = found[1] if found else ""

    @property
    def output(self) -> str:
        return self._log.read_text()


@contextmanager
def serving(folder: Path, variables: dict[str, str], *options: str) -> Iterator[Process]:
    log = folder / "serve.log"
    command = [sys.executable, "-c", "from pylayer.cli import main; main()", "serve", "--port", "0", *options]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(sys.path), **variables}
    with log.open("w") as output:
        popen = subprocess.Popen(
            command, cwd=folder, env=environment, text=True, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        yield Process(popen, log)
    finally:
        if popen.poll() is None:
            popen.kill()
        popen.wait(60)


@pytest.fixture
def variables(dsn: str, s3_settings: dict[str, str]) -> dict[str, str]:
    return {"DATABASE_URL": dsn, **s3_settings}


def test_without_a_key_it_serves_this_machine_and_says_so(variables: dict[str, str], tmp_path: Path) -> None:
    for host, shown in (("127.0.0.1", "127.0.0.1"), ("::1", "[::1]"), ("localhost", "localhost")):
        with serving(tmp_path, variables, "--host", host) as process:
            assert "key create" in process.output
            assert process.url.startswith(f"http://{shown}:")
            assert httpx.post(process.url + PATH, json=step(), timeout=60).status_code == 201


def test_without_a_key_it_serves_nobody_else(variables: dict[str, str], tmp_path: Path) -> None:
    with serving(tmp_path, variables, "--host", "0.0.0.0") as process:
        assert process.popen.wait(60) == 1
        assert process.output.startswith("error PT403/no_api_key: ")
        assert "key create" in process.output


def test_with_a_key_it_serves_everybody_who_has_it(
    client: pylayer.Client, variables: dict[str, str], tmp_path: Path
) -> None:
    headers = {"Authorization": f"Bearer {client.keys.create('a').secret}"}
    with serving(tmp_path, variables, "--host", "0.0.0.0") as process:
        assert "key create" not in process.output
        url = process.url.replace("0.0.0.0", "127.0.0.1")
        assert httpx.post(url + PATH, json=step(), timeout=60).status_code == 401
        assert httpx.post(url + PATH, json=step(), headers=headers, timeout=60).status_code == 201


def test_a_key_that_is_revoked_is_none(
    client: pylayer.Client, variables: dict[str, str], tmp_path: Path
) -> None:
    client.keys.revoke(client.keys.create("a").key_id)
    with serving(tmp_path, variables, "--host", "0.0.0.0") as process:
        assert process.popen.wait(60) == 1


def test_a_port_that_is_taken(variables: dict[str, str], tmp_path: Path) -> None:
    with serving(tmp_path, variables) as first:
        port = first.url.rpartition(":")[2]
        (tmp_path / "second").mkdir()
        with serving(tmp_path / "second", variables, "--port", port) as second:
            assert second.popen.wait(60) == 1
            assert "listening on" not in second.output
            assert "Traceback" not in second.output
            assert second.output.startswith("error")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_requests_under_way_are_finished(
    number: signal.Signals, variables: dict[str, str], conn: psycopg.Connection[Any], tmp_path: Path
) -> None:
    events = [step() for _ in range(4)]
    with serving(tmp_path, variables) as process, ThreadPoolExecutor(4) as pool:
        with nobody_inserts(variables["DATABASE_URL"]):
            bodies: list[Any] = [events[0], *([event] for event in events[1:])]
            sent = [pool.submit(httpx.post, process.url + PATH, json=body, timeout=60) for body in bodies]
            wait_until(lambda: waiting(conn) == 4)
            process.popen.send_signal(number)
            wait_until(lambda: not accepts(process.url))
            assert process.popen.poll() is None
        assert [future.result(60).status_code for future in sent] == [201] * 4
        process.popen.wait(60)
        assert "Traceback" not in process.output
    assert conn.execute("select count(*) as n from telemetry.workflow_events").fetchone() == {"n": 4}


def accepts(url: str) -> bool:
    try:
        httpx.get(url + "/healthz", timeout=60)
    except httpx.TransportError:
        return False
    return True


def test_it_outlives_a_crash_of_postgres(durable_stack: Stack, tmp_path: Path) -> None:
    """While it is away, requests are told to come back; then they are stored, by the same process."""
    variables = durable_stack.environment()
    with pylayer.connect(settings=Settings(**variables)) as client:
        headers = {"Authorization": f"Bearer {client.keys.create('a').secret}"}
    event, batch = step(), [step() for _ in range(3)]
    with (
        serving(tmp_path, variables) as process,
        httpx.Client(base_url=process.url, headers=headers, timeout=60) as http,
        ThreadPoolExecutor(8) as pool,
    ):
        answers = list(pool.map(lambda _: http.post(PATH, json=[step()]), range(8)))  # fills the pool
        assert {answer.status_code for answer in answers} == {201}
        kill_postgres(durable_stack)
        answers = list(pool.map(lambda body: http.post(PATH, json=body), (event, event, batch)))
        answers.append(http.get("/ai/models"))
        for answer in answers:
            assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
            assert "127.0.0.1" not in answer.text
        assert http.get("/healthz").status_code == 200
        durable_stack.up()
        assert http.post(PATH, json=event).status_code == 201
        assert http.post(PATH, json=batch).status_code == 201
        kill_postgres(durable_stack)
        durable_stack.up()
        assert http.post(PATH, json=event).status_code == 200  # on a connection that is dead by now
        wait_until(lambda: http.get("/readyz").status_code == 200)
