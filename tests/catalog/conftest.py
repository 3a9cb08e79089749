"""One migrated database for all tests of the catalog, and what the catalog says of its functions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import Connection
from psycopg.rows import dict_row

from tests.catalog.databases import copy_of

SCHEMAS = ["core", "telemetry", "work", "iam", "ai"]


@pytest.fixture(scope="session")
def catalog_dsn(template: Any) -> Iterator[str]:
    """Connection string of a migrated database; tests leave nothing behind in it."""
    with copy_of(template, "catalog") as dsn:
        with psycopg.connect(dsn) as connection:  # one month by the ingest path, beside those by maintenance
            connection.execute("select telemetry.make_months(array[now() - interval '1 month'])")
        yield dsn


@pytest.fixture
def catalog(catalog_dsn: str) -> Iterator[Connection[dict[str, Any]]]:
    """A connection whose transaction is rolled back; rows are dicts."""
    with psycopg.connect(catalog_dsn, row_factory=dict_row) as connection:
        yield connection
        connection.rollback()
