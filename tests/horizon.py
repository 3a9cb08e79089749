"""The snapshot horizon is the whole server's: transactions of other tests' databases hold it back."""

from __future__ import annotations

from typing import Any

from psycopg import Connection

import pylayer
from tests.waiting import wait_until


def wait_for_horizon(conn: Connection[Any]) -> None:
    """Wait until every event that is committed can be counted."""
    query = (
        "select event_id from telemetry.workflow_events "
        "where recorded_xid >= pg_snapshot_xmin(pg_current_snapshot())::text::bigint limit 1"
    )
    wait_until(lambda: conn.execute(query).fetchone() is None, seconds=120)


def count_all(client: pylayer.Client, conn: Connection[Any]) -> None:
    """Count every event that is committed into the rollups."""
    wait_for_horizon(conn)
    client.rollups.refresh()
