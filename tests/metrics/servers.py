"""Prometheus and InfluxDB, as private servers for single tests; skipped where they are not installed."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from pylayer.embedded.process import free_port, launch, log_tail, stop, wait_until
from pylayer.embedded.services import find_influxd, find_prometheus, find_promtool

_TERMINATE, _KILL = (signal.SIGTERM, 10.0), (signal.SIGKILL, 10.0)


@dataclass
class Server:
    """A running server.

    Attributes:
        url: where it answers.
    """

    url: str

    def get(self, path: str, **params: str) -> Any:
        answer = httpx.get(self.url + path, params=params, timeout=30)
        assert answer.status_code == 200, answer.text
        return answer.json()


def answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5).is_success
    except httpx.TransportError:
        return False


@contextmanager
def prometheus(folder: Path, configuration: Path) -> Generator[Server]:
    """Run Prometheus with a configuration file."""
    program = find_prometheus()
    if program is None:
        pytest.skip("Prometheus is not installed: make services")
    folder.mkdir()
    port = free_port()
    command = [
        program,
        f"--config.file={configuration}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--web.enable-lifecycle",
    ]
    with _running(command, folder, f"http://127.0.0.1:{port}", "/-/ready") as server:
        yield server


@contextmanager
def influxdb(folder: Path) -> Generator[Server]:
    """Run InfluxDB 1.x, with a database ``pylayer``."""
    program = find_influxd()
    if program is None:
        pytest.skip("InfluxDB is not installed: make services")
    folder.mkdir()
    http, rpc = free_port(), free_port()
    (folder / "influxdb.conf").write_text(
        f'reporting-disabled = true\nbind-address = "127.0.0.1:{rpc}"\n'
        f'[meta]\ndir = "{folder}/meta"\n[data]\ndir = "{folder}/data"\nwal-dir = "{folder}/wal"\n'
        f'[http]\nbind-address = "127.0.0.1:{http}"\n[monitor]\nstore-enabled = false\n'
    )
    command = [program, "run", "-config", folder / "influxdb.conf"]
    with _running(command, folder, f"http://127.0.0.1:{http}", "/ping") as server:
        made = httpx.post(f"{server.url}/query", params={"q": "create database pylayer"}, timeout=30)
        assert made.status_code == 200, made.text
        yield server


@contextmanager
def _running(command: list[str | Path], folder: Path, url: str, ready: str) -> Generator[Server]:
    log = folder / "log"
    process = launch(command, cwd=folder, log=log, environment={"HOME": str(folder)})
    try:
        assert wait_until(lambda: not process.alive or answers(url + ready), seconds=60), log_tail(log)
        assert process.alive, log_tail(log)
        yield Server(url)
    finally:
        stop(process, _TERMINATE, _KILL)


def promtool(*arguments: str | Path, stdin: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    """Run promtool, whatever its exit code."""
    program = find_promtool()
    if program is None:
        pytest.skip("promtool is not installed: make services")
    return subprocess.run([program, *arguments], input=stdin, capture_output=True, check=False, timeout=300)


def influx_rows(server: Server, query: str) -> list[dict[str, Any]]:
    """The points that a query of InfluxDB 1.x finds, as dicts of tags and fields."""
    [result] = server.get("/query", db="pylayer", q=query)["results"]
    assert "error" not in result, json.dumps(result)
    return [
        dict(zip(series["columns"], values, strict=True)) | series.get("tags", {})
        for series in result.get("series", [])
        for values in series["values"]
    ]
