"""What docs/production.md gives pg_cron to do, run as it would: by a login of its own, in any time zone."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import Connection

import pylayer
from tests.events.samples import step
from tests.horizon import wait_for_horizon

PAGE = Path(__file__).resolve().parents[2] / "docs" / "production.md"
JOBS: dict[str, str] = dict(
    re.findall(r"select cron\.schedule\('([\w-]+)', '[^']+', '([^']+)'\);", PAGE.read_text("utf-8"))
)


@pytest.fixture
def scheduler(dsn: str, conn: Connection[dict[str, Any]]) -> Connection[Any]:
    """A session with the rights of an admin alone, where it is another day than in UTC."""
    session = psycopg.connect(dsn, autocommit=True)
    session.execute("set timezone = 'Pacific/Kiritimati'")
    session.execute("set role pylayer_admin")
    return session


def test_months_are_made(scheduler: Connection[Any], conn: Connection[dict[str, Any]]) -> None:
    conn.execute("update core.settings set months_ahead = 6")
    scheduler.execute(JOBS["pylayer-months"].encode())
    scheduler.close()
    found = conn.execute("select months_ahead from telemetry.retention_status()").fetchone()
    assert found == {"months_ahead": 6}


def test_events_are_counted(
    scheduler: Connection[Any], conn: Connection[dict[str, Any]], client: pylayer.Client
) -> None:
    client.events.ingest_many([step() for _ in range(3)])
    wait_for_horizon(conn)
    scheduler.execute(JOBS["pylayer-rollups"].encode())
    scheduler.close()
    assert conn.execute("select events from telemetry.rollup_progress").fetchone() == {"events": 3}


def test_there_is_a_test_of_each() -> None:
    assert set(JOBS) == {"pylayer-months", "pylayer-rollups"}
