"""Whatever is recorded, in whatever transactions: the rollups are what the raw table says, to the cent."""

from __future__ import annotations

import random
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from psycopg import Connection

import pylayer
from tests.horizon import wait_for_horizon
from tests.rollups.reference import assert_exact
from tests.rollups.samples import count_all, random_event, register_types
from tests.waiting import wait_until

_WRITERS = 8
_REFRESHERS = 3
_PROGRESS = "select events from telemetry.rollup_progress"


def write(dsn: str, seed: int, transactions: int) -> int:
    """Record random events in random transactions; return how many were committed."""
    rng, committed = random.Random(seed), 0
    with psycopg.connect(dsn) as own, pylayer.connect(dsn) as client:
        bound = client.using(own)
        for _ in range(transactions):
            try:
                stored = sum(record(bound, rng) for _ in range(rng.randint(1, 4)))
            except pylayer.Retryable:  # a deadlock over the months that both make
                stored = 0
            if stored == 0 or rng.random() < 0.25:
                own.rollback()
            else:
                own.commit()
                committed += stored
    return committed


def record(client: pylayer.Client, rng: random.Random) -> int:
    """Record one event or a batch; return how many were stored."""
    batch = [random_event(rng) for _ in range(rng.randint(1, 6))]
    if rng.random() < 0.5:
        return sum(result.created for result in client.events.ingest_many(batch))
    return int(client.events.ingest(batch[0]).created)


def refresh(dsn: str, seed: int, done: threading.Event) -> int:
    """Refresh with random limits, now and then rolled back, until ``done``; return how many were counted."""
    rng, counted = random.Random(seed), 0
    with psycopg.connect(dsn) as own:
        while not done.is_set():
            row = own.execute(
                "select events from telemetry.refresh_rollups(%s)", [rng.randint(1, 60)]
            ).fetchone()
            if rng.random() < 0.2:
                own.rollback()
            else:
                own.commit()
                counted += row[0] if row else 0
    return counted


def disturb(conn: Connection[Any], dsn: str, seed: int, transactions: int) -> tuple[int, int]:
    """Write over 8 connections while 3 sessions refresh, until some of it is counted.

    Returns: what was committed and what was counted.
    """
    done = threading.Event()
    [before] = conn.execute(_PROGRESS).fetchall()
    with ThreadPoolExecutor(_WRITERS + _REFRESHERS) as pool:
        refreshers = [pool.submit(refresh, dsn, seed + n, done) for n in range(_REFRESHERS)]
        try:
            writers = [pool.submit(write, dsn, seed * 100 + n, transactions) for n in range(_WRITERS)]
            committed = sum(writer.result() for writer in writers)
            wait_for_horizon(conn)
            wait_until(lambda: conn.execute(_PROGRESS).fetchall() != [before])
        finally:
            done.set()
        return committed, sum(refresher.result() for refresher in refreshers)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_rollups_equal_a_group_by(client: pylayer.Client, conn: Connection[Any], dsn: str, seed: int) -> None:
    register_types(client)
    committed, counted = disturb(conn, dsn, seed, 12)
    [progress] = conn.execute(_PROGRESS).fetchall()
    assert progress["events"] == counted
    assert 0 < counted <= committed

    # as if restored into another cluster in the middle of it
    conn.execute("update core.settings set system_identifier = 1, open_since = '2000-01-01'")
    committed += disturb(conn, dsn, seed + 10, 8)[0]
    count_all(conn)
    [progress] = conn.execute("select epoch, events from telemetry.rollup_progress").fetchall()
    assert progress == {"epoch": 2, "events": committed}
    assert_exact(conn)
