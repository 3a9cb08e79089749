"""Postgres killed in the middle of ingestion: what was acknowledged is there, resending doubles nothing."""

from __future__ import annotations

import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

import pylayer
from pylayer.embedded import Stack
from pylayer.embedded.process import stop
from tests.events.samples import step

_WRITERS = 4


def kill_postgres(stack: Stack) -> None:
    """SIGKILL the postmaster, as a crash of the machine's memory would."""
    state = stack.home.load()
    assert state is not None
    assert state.postgres is not None
    stop(state.postgres.process, (signal.SIGKILL, 10))


def _write_until_dead(
    dsn: str, seed: int, sent: list[Any], acknowledged: set[str], first: threading.Event
) -> None:
    with pylayer.connect(dsn, timeout=60) as client:
        while True:
            batch = [step(run_id=f"run-{seed}") for _ in range(1 if seed % 2 else 50)]
            sent.extend(batch)
            try:
                if len(batch) == 1:
                    results = [client.events.ingest(batch[0])]
                else:
                    results = client.events.ingest_many(batch)
            except pylayer.Unavailable:
                return
            acknowledged.update(result.event_id or "" for result in results)
            client._pool.timeout = 1  # the first connection may take its time
            first.set()


@pytest.mark.parametrize("delay", [0.05, 0.4])
def test_acknowledged_events_survive(durable_stack: Stack, delay: float) -> None:
    dsn = durable_stack.environment()["DATABASE_URL"]
    sent: list[list[Any]] = [[] for _ in range(_WRITERS)]
    acknowledged: list[set[str]] = [set() for _ in range(_WRITERS)]
    started = [threading.Event() for _ in range(_WRITERS)]
    with ThreadPoolExecutor(_WRITERS) as pool:
        writers = [
            pool.submit(_write_until_dead, dsn, n, sent[n], acknowledged[n], started[n])
            for n in range(_WRITERS)
        ]
        assert all(event.wait(60) for event in started)
        time.sleep(delay)
        kill_postgres(durable_stack)
        for writer in writers:
            writer.result(60)
    durable_stack.up()

    everything = [event for events in sent for event in events]
    with psycopg.connect(dsn) as conn:
        survived = {row[0] for row in conn.execute("select event_id from telemetry.workflow_events")}
        assert set().union(*acknowledged) <= survived
        assert survived <= {event["event_id"] for event in everything}
    with pylayer.connect(dsn) as client:
        for at in range(0, len(everything), 1000):
            results = client.events.ingest_many(everything[at : at + 1000])
            assert {result.status for result in results} <= {"created", "duplicate"}
    with psycopg.connect(dsn) as conn:
        row = conn.execute(
            "select count(*), count(distinct event_id) from telemetry.workflow_events"
        ).fetchone()
    assert row == (len(everything), len(everything))


def test_a_client_outlives_a_crash(durable_stack: Stack) -> None:
    """Dead connections in the pool are replaced; the same client goes on."""
    with pylayer.connect(durable_stack.environment()["DATABASE_URL"]) as client:
        event = step()
        client.events.ingest(event)
        kill_postgres(durable_stack)
        durable_stack.up()
        assert client.events.ingest(event).status == "duplicate"


def test_no_server_is_unavailable_in_time(durable_stack: Stack) -> None:
    dsn = durable_stack.environment()["DATABASE_URL"]
    durable_stack.down()
    begin = time.monotonic()
    with pylayer.connect(dsn, timeout=0.5) as client, pytest.raises(pylayer.Unavailable):
        client.events.ingest(step())
    assert time.monotonic() - begin < 20


@pytest.mark.slow
@pytest.mark.parametrize("attempt", range(8))
def test_acknowledged_events_survive_again_and_again(durable_stack: Stack, attempt: int) -> None:
    test_acknowledged_events_survive(durable_stack, 0.1 + 0.15 * attempt)


def test_a_malformed_dsn_is_refused_without_showing_it() -> None:
    with pytest.raises(pylayer.InvalidInput) as caught:
        pylayer.connect("postgresql//user:secret@host/db")
    assert caught.value.reason == "bad_database_url"
    assert "secret" not in str(caught.value)
