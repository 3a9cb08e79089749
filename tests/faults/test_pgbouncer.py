"""Everything works through PgBouncer in transaction mode, with one server connection for many clients."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import Connection

import pylayer
from pylayer.config import Settings
from tests.events.samples import month_start, step, ulid_at
from tests.services import pgbouncer


@pytest.fixture
def pooled(settings: Settings, dsn: str, tmp_path: Path) -> Iterator[Settings]:
    with pgbouncer(tmp_path, dsn) as pooled_dsn:
        yield settings.model_copy(update={"database_url": type(settings.database_url)(pooled_dsn)})  # type: ignore[misc,call-arg]


def test_events_and_artifacts(pooled: Settings) -> None:
    blob = os.urandom(700_000)
    with pylayer.connect(settings=pooled, role="pylayer_agent") as client:
        event = step()
        assert client.events.ingest(event).status == "created"
        assert client.events.ingest_many([event, step(ulid_at(month_start(-1)))])[0].status == "duplicate"
        assert len(client.events.query()) == 2
        text = client.artifacts.write(type="report", content="# Title\n\nBody")
        assert client.artifacts.create_version(text.artifact_id, content="# Title\n\nMore").version == 2
        stored = client.artifacts.write(type="bundle", content=blob)
        assert client.artifacts.read(stored.artifact_id) == blob
        assert {found.artifact_id for found in client.artifacts.list()} == {
            text.artifact_id,
            stored.artifact_id,
        }
    with pylayer.connect(settings=pooled) as admin:
        assert admin.artifacts.clean_uploads().errors == []
        assert admin.events.make_months_ahead()


def test_roles_do_not_leak_between_clients(pooled: Settings) -> None:
    """A role set for one transaction is not there for the next client of the same server connection."""
    with (
        pylayer.connect(settings=pooled, role="pylayer_agent") as agent,
        pylayer.connect(settings=pooled) as admin,
    ):
        for _ in range(20):
            agent.events.ingest(step())
            admin.events.fold_ingest_counts()
            with pytest.raises(pylayer.Forbidden):
                agent.events.fold_ingest_counts()


def test_many_clients_share_few_connections(pooled: Settings) -> None:
    def work(_: int) -> int:
        with pylayer.connect(settings=pooled) as client:
            return sum(client.events.ingest(step()).created for _ in range(20))

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(work, range(16))) == 320


def test_asynchronous_client(pooled: Settings, conn: Connection[Any]) -> None:
    async def work() -> int:
        async with await pylayer.connect_async(settings=pooled) as client:
            results = await asyncio.gather(*(client.events.ingest(step()) for _ in range(50)))
            return sum(result.created for result in results)

    assert asyncio.run(work()) == 50
    assert conn.execute("select count(*) as n from telemetry.workflow_events").fetchone() == {"n": 50}


def test_migrating_past_the_pooler(pooled: Settings, dsn: str) -> None:
    direct = pooled.model_copy(update={"database_direct_url": type(pooled.database_url)(dsn)})  # type: ignore[misc,call-arg]
    assert direct.require_database_url(direct=True) == dsn
    assert direct.require_database_url() != dsn
    with psycopg.connect(direct.require_database_url()) as through:
        assert through.execute("select 1").fetchone() == (1,)
