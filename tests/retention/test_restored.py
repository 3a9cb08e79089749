"""A database restored from a backup goes on with the months that were on their way out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import Connection
from psycopg.conninfo import make_conninfo
from psycopg.rows import dict_row

import pylayer
from pylayer import backup as backups
from pylayer.config import Settings
from pylayer.ids import new_ulid
from tests.retention.conftest import EVENTS
from tests.retention.support import Old, months_task


@pytest.fixture
def elsewhere(settings: Settings, dsn: str) -> Iterator[Settings]:
    """Settings of an empty database and of a bucket that does not exist."""
    name = f"restored_{new_ulid()}".lower()
    with psycopg.connect(make_conninfo(dsn, dbname="postgres"), autocommit=True) as server:
        server.execute(f"create database {name} template template0".encode())
        url = Settings(DATABASE_URL=make_conninfo(dsn, dbname=name)).database_url
        yield settings.model_copy(update={"database_url": url, "s3_bucket": name.replace("_", "-")})
        server.execute(f"drop database {name} with (force)".encode())


@pytest.mark.parametrize("state", ["attached", "detaching", "detached"])
def test_a_month_on_its_way_out_goes_on(
    *,
    client: pylayer.Client,
    archiving: Old,
    reader: Connection[Any],
    settings: Settings,
    elsewhere: Settings,
    tmp_path: Path,
    state: str,
) -> None:
    """A dump knows no half detached month: it stands beside the table of events, as a detached one does."""
    rows = archiving.rows()
    if state == "detaching":
        months_task(client)
    reader.rollback()
    if state == "detached":
        client.retention.raise_floor()
        client.retention.seal(archiving.month)
        detach = f"alter table telemetry.workflow_events detach partition {archiving.table} concurrently"
        archiving.conn.execute(detach.encode())
    assert archiving.state() == state
    backups.backup(settings, tmp_path / "b")
    assert backups.restore(elsewhere, tmp_path / "b").ok
    with opened(elsewhere) as (other, conn):
        there = Old(conn, archiving.month, archiving.events)
        assert months_task(other).done["dropped"] == [archiving.name]
        assert there.counted() == EVENTS
        other.archives.restore(archiving.month)
        assert there.rows() == rows


def test_a_restore_that_had_begun_begins_anew(
    client: pylayer.Client, archiving: Old, settings: Settings, elsewhere: Settings, tmp_path: Path
) -> None:
    rows = archiving.rows()
    months_task(client)
    archiving.conn.execute("select telemetry.begin_restore(%s)", [archiving.month])
    backups.backup(settings, tmp_path / "b")
    assert backups.restore(elsewhere, tmp_path / "b").ok
    with opened(elsewhere) as (other, conn):
        assert f"{archiving.name} (restoring)" in months_task(other).done["waiting"]
        other.archives.restore(archiving.month)
        assert Old(conn, archiving.month, archiving.events).rows() == rows


@contextmanager
def opened(settings: Settings) -> Iterator[tuple[pylayer.Client, Connection[dict[str, Any]]]]:
    with (
        pylayer.connect(settings=settings) as client,
        psycopg.connect(settings.require_database_url(), autocommit=True, row_factory=dict_row) as conn,
    ):
        yield client, conn
