"""Ingest calls that wait for an observed lock."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg


@contextmanager
def nobody_inserts(dsn: str) -> Iterator[None]:
    """Let inserts into the events wait for a lock."""
    with psycopg.connect(dsn) as holder:
        holder.execute("lock table telemetry.workflow_events in share mode")
        yield


def waiting(conn: psycopg.Connection[dict[str, Any]]) -> int:
    """How many sessions wait for a lock in an ingest call."""
    found = conn.execute(
        "select count(*) as n from pg_stat_activity "
        "where wait_event_type = 'Lock' and query like '%ingest_event%' and datname = current_database()"
    ).fetchone()
    assert found
    return found["n"]
