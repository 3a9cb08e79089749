"""A database with a week of work in its rollups."""

from __future__ import annotations

import pytest

import pylayer
from tests.metrics.samples import week


@pytest.fixture
def worked(client: pylayer.Client) -> pylayer.Client:
    """A client of a database in which `week` is counted."""
    client.events.ingest_many(week())
    client.rollups.refresh()
    return client
