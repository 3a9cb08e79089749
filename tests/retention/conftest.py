"""A database in which a month full of events is due to be dropped."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest
from minio import Minio
from psycopg import Connection

import pylayer
from pylayer.config import Settings
from pylayer.ids import new_ulid
from tests.events.samples import month_start, step, ulid_at
from tests.horizon import count_all
from tests.retention.support import Old

EVENTS = 300


@pytest.fixture
def settings(dsn: str, s3_settings: dict[str, str]) -> Settings:
    """Settings with a bucket of the test's own: the months of all databases have the same keys."""
    bucket = f"archives-{new_ulid().lower()}"
    settings = Settings(DATABASE_URL=dsn, **(s3_settings | {"S3_BUCKET": bucket}))
    Minio(
        s3_settings["AWS_ENDPOINT_URL_S3"].removeprefix("http://"),
        s3_settings["AWS_ACCESS_KEY_ID"],
        s3_settings["AWS_SECRET_ACCESS_KEY"],
        secure=False,
        region=s3_settings["AWS_REGION"],
    ).make_bucket(bucket)
    return settings


@pytest.fixture
def old(client: pylayer.Client, conn: Connection[dict[str, Any]]) -> Old:
    """Events in the month before the last one, which maintenance takes out as soon as it runs."""
    month = month_start(-2)
    _lower_floor(conn, month_start(-4))
    events = [_event(month + timedelta(hours=n)) for n in range(EVENTS)]
    client.events.ingest_many(events)
    client.events.ingest(step(run_id="young"))
    count_all(client, conn)
    conn.execute("update core.settings set retention_days = 1, retention_grace = interval '0'")
    return Old(conn, month, events)


@pytest.fixture
def archiving(old: Old) -> Old:
    """The same, with archives on."""
    old.conn.execute("update core.settings set archive_enabled = true")
    return old


@pytest.fixture
def reader(dsn: str, old: Old) -> Iterator[Connection[Any]]:
    """A connection in an open transaction that reads the old month, as a long report does."""
    with psycopg.connect(dsn) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.execute("select count(*) from telemetry.workflow_events")
        yield connection


def _lower_floor(conn: Connection[dict[str, Any]], month: datetime) -> None:
    """Let the database look as if it had been made earlier; no rule allows that."""
    conn.execute("alter table core.settings disable trigger settings_guard")
    conn.execute("update core.settings set retention_floor = core.ulid_floor(%s)", [month])
    conn.execute("alter table core.settings enable always trigger settings_guard")


def _event(moment: datetime) -> dict[str, Any]:
    """One of many kinds: texts that CSV must quote, nulls, numbers that no float holds, an empty text."""
    number = int(moment.timestamp()) // 3600 % 7
    return step(
        ulid_at(moment),
        payload={"step_name": 'a,"b"\n', "status": "succeeded", "duration_ms": 0.1 + number},
        metadata={"text": "ü\\n\n", "empty": ""} if number else None,
        run_id=None if number == 3 else f"run-{number}",
        item_id="" if number == 4 else "line 1\r\nline 2",
    )
