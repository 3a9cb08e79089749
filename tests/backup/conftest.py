"""A database with content in every place, and an empty database and bucket to restore it to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from psycopg import Connection, sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from pydantic import SecretStr
from ulid import ULID

import pylayer
from pylayer.blobs import BlobStore
from pylayer.config import Settings
from tests.events.samples import step

LARGE = b"\x00large" * 3_000_000
SMALL = b"\x00small"


@dataclass
class Content:
    """What is in the database: a large and a small blob, their keys, an archive's key, events."""

    large: Any
    small: Any
    archive: str
    events: int = 20


@pytest.fixture
def content(client: pylayer.Client, conn: Connection[Any]) -> Content:
    client.events.ingest_many([step() for _ in range(20)])
    client.artifacts.write(type="note", content="inline")
    large = client.artifacts.write(type="bundle", content=LARGE, mime_type="application/zip")
    small = client.artifacts.write(type="bundle", content=SMALL, mime_type="image/png")
    key = f"archives/{ULID()}.parquet"
    digest = client.blobs.put(key, b"archive")
    conn.execute(
        """
        insert into telemetry.archives (month, storage_key, rows, size_bytes, content_hash, verified_at)
        values ('2020-01-01Z', %s, 0, 7, %s, now())
        """,
        [key, digest],
    )
    return Content(large, small, key)


@pytest.fixture
def target(settings: Settings, dsn: str) -> Iterator[Settings]:
    """Settings of an empty database and of a bucket that does not exist."""
    name = f"restored_{ULID()}".lower()
    server = make_conninfo(dsn, dbname="postgres")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("create database {} template template0").format(sql.Identifier(name)))
        connection.execute(sql.SQL("alter database {} set timezone to 'UTC'").format(sql.Identifier(name)))
        info = conninfo_to_dict(dsn)
        url = "postgresql://{user}:{password}@{host}:{port}/{name}".format(name=name, **info)
        yield settings.model_copy(
            update={"database_url": SecretStr(url), "s3_bucket": name.replace("_", "-")}
        )
        connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


@pytest.fixture
def target_blobs(target: Settings) -> BlobStore:
    return BlobStore.from_settings(target)
