"""HTTP: single events beside an endpoint that does nothing, batches beside a bare INSERT a request.

Each server is one process with one worker, the load another one; they take turns.
"""

from __future__ import annotations

import os
import random
import statistics
import subprocess
import sys
from collections.abc import Generator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from urllib.request import urlopen

import pylayer
from bench.environment import fresh_database
from bench.http_load import CONNECTIONS, Turn, run_turn
from bench.results import Result
from bench.timing import Timing
from pylayer.config import Settings
from pylayer.embedded.process import free_port, wait_until

__all__ = ["measure", "serving"]

_BATCH = 100


@dataclass(frozen=True, slots=True)
class _Case:
    """Something to send requests to: port and path, requests in a turn, events in a request (0: no array)."""

    name: str
    port: int
    path: str
    requests: int
    batch: int = 0


def measure(settings: Settings, *, quick: bool) -> list[Result]:
    """Measure ingestion over HTTP on a fresh database, API key and contracts on."""
    with ExitStack() as stack:
        url = stack.enter_context(fresh_database(settings))
        with pylayer.connect(url, pool_size=1, settings=settings) as client:
            key = client.keys.create("bench").secret
        own = stack.enter_context(serving("own", url, ready="/healthz"))
        bare = stack.enter_context(serving("bare", url, ready="/docs"))
        load = stack.enter_context(ProcessPoolExecutor(1, mp_context=get_context("spawn")))
        cases = [
            _Case("nothing", bare, "/nothing", 2000),
            _Case("single", own, "/telemetry/events", 2000),
            _Case("insert", bare, "/insert", 160, _BATCH),
            _Case("batch", own, "/telemetry/events", 160, _BATCH),
        ]
        found = _interleave(cases, key, load, 5 if quick else 30)
    return _results(found)


@contextmanager
def serving(factory: str, url: str, *, ready: str) -> Generator[int]:
    """Run one of the applications in a process of its own, and yield its port."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "--factory", f"bench.http_apps:{factory}"]
    options = ["--port", str(port), "--log-level", "warning", "--no-access-log", "--no-server-header"]
    process = subprocess.Popen([*command, *options], env={**os.environ, "DATABASE_URL": url})
    try:
        if not wait_until(lambda: process.poll() is not None or _answers(port, ready), seconds=30):
            raise RuntimeError(f"the server {factory} does not answer")
        yield port
    finally:
        process.terminate()
        process.wait(30)


def _answers(port: int, path: str) -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as response:
            return response.status == 200
    except OSError:
        return False


def _interleave(
    cases: Sequence[_Case], key: str, load: ProcessPoolExecutor, rounds: int
) -> dict[str, list[Turn]]:
    """Run the cases turn by turn, in an order drawn anew each turn."""
    order = random.Random(0)  # the same orders each time
    turns: dict[str, list[Turn]] = {case.name: [] for case in cases}
    for number in range(1 + rounds):
        for case in order.sample(cases, len(cases)):
            turn = load.submit(run_turn, case.port, case.path, key, case.requests, case.batch).result()
            if number:  # the first turn warms up
                turns[case.name].append(turn)
    return turns


def _results(found: dict[str, list[Turn]]) -> list[Result]:
    pairs = (
        (f"POST /telemetry/events, one event, {CONNECTIONS} connections", "single", 1, "nothing", 0.5),
        (f"POST /telemetry/events, batches of {_BATCH}", "batch", _BATCH, "insert", 0.55),
    )
    beside = {"nothing": "FastAPI endpoint that does nothing", "insert": "bare INSERT from jsonb a request"}
    results: list[Result] = []
    for title, name, events, other, target in pairs:
        rate, limit = (Timing([turn.seconds for turn in found[one]]) for one in (name, other))
        results.append(
            Result(
                name=title,
                value=events / rate.median,
                unit="events/s",
                repetitions=len(rate.seconds),
                noise=rate.spread,
                compared_with=beside[other],
                reference=events / limit.median,
                ratio=limit.median / rate.median,
                target=target,
            )
        )
        results += [
            _latency(title, found[name], found[other], share, beside[other]) for share in ("p50", "p99")
        ]
    return results


def _latency(title: str, turns: Sequence[Turn], others: Sequence[Turn], share: str, beside: str) -> Result:
    own, other = (Timing([getattr(turn, share) for turn in some]) for some in (turns, others))
    return Result(
        name=f"{title}: latency {share}",
        value=own.median * 1000,
        unit="ms",
        repetitions=len(own.seconds),
        noise=own.spread,
        compared_with=beside,
        reference=statistics.median(other.seconds) * 1000,
        ratio=own.median / other.median,
        relation="at most",
    )
