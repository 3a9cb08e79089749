"""What watching costs: ingestion alone, and with a refresh and a scrape of ``/metrics`` each second."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from multiprocessing import get_context
from multiprocessing.synchronize import Event
from urllib.request import Request, urlopen

import pylayer
from bench.environment import connection, fresh_database
from bench.events import BATCH, ingest
from bench.http import serving
from bench.results import Result
from bench.samples import events
from bench.timing import Timing
from pylayer.config import Settings

__all__ = ["measure"]

_TURN_SECONDS = 10
_SECOND = 1.0


def measure(settings: Settings, *, quick: bool) -> list[Result]:
    """Measure on a fresh database: turns of ten seconds with and without a watcher, one after the other."""
    with ExitStack() as stack:
        url = stack.enter_context(fresh_database(settings))
        with pylayer.connect(url, pool_size=1, settings=settings) as client:
            key = client.keys.create("bench").secret
        port = stack.enter_context(serving("own", url, ready="/healthz"))
        _turn(url, 1)  # warms up
        alone, watched = Timing(), Timing()
        for _ in range(2 if quick else 6):
            alone.seconds.append(_turn(url, _TURN_SECONDS))
            with _watcher(url, port, key):
                watched.seconds.append(_turn(url, _TURN_SECONDS))
    return [
        Result(
            name=f"ingest_events, batches of {BATCH:,}, refreshed and scraped every second",
            value=1 / watched.median,
            unit="events/s",
            repetitions=len(watched.seconds),
            noise=watched.spread,
            compared_with="ingestion alone",
            reference=1 / alone.median,
            ratio=alone.median / watched.median,
            target=0.95,
        )
    ]


def _turn(url: str, seconds: float) -> float:
    """Ingest for a while; return the seconds that an event took."""
    batches = 0
    spent = 0.0
    with connection(url) as server:
        while spent < seconds:
            batch = events(BATCH)
            start = time.perf_counter()
            ingest(server, batch)
            spent += time.perf_counter() - start
            batches += 1
    return spent / (batches * BATCH)


@contextmanager
def _watcher(url: str, port: int, key: str) -> Generator[None]:
    """Refresh and scrape in a process of its own; count what is left, so that no turn pays for another."""
    context = get_context("spawn")
    stop = context.Event()
    process = context.Process(target=_watch, args=(url, port, key, stop))
    process.start()
    try:
        yield
    finally:
        stop.set()
        process.join()
    if process.exitcode:
        raise RuntimeError("the watcher failed")


def _watch(url: str, port: int, key: str, stop: Event) -> None:
    scraper = threading.Thread(target=_scrape, args=(port, key, stop))
    scraper.start()
    with pylayer.connect(url, pool_size=1) as client:
        while not stop.wait(_SECOND):
            client.rollups.refresh()
        client.rollups.refresh()
    scraper.join()


def _scrape(port: int, key: str, stop: Event) -> None:
    request = Request(f"http://127.0.0.1:{port}/metrics", headers={"Authorization": f"Bearer {key}"})
    while not stop.wait(_SECOND):
        with urlopen(request, timeout=30) as answer:
            answer.read()
