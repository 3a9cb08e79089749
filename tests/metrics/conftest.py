"""A database with a week of work in its rollups."""

from __future__ import annotations

from typing import Any

import pytest
from psycopg import Connection

import pylayer
from tests.horizon import count_all
from tests.metrics.samples import week


@pytest.fixture
def worked(client: pylayer.Client, conn: Connection[Any]) -> pylayer.Client:
    """A client of a database in which `week` is counted."""
    client.events.ingest_many(week())
    count_all(client, conn)
    return client
