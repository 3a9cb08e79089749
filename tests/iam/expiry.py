"""Keys whose time is over when a test says so, however long it took to come there."""

from __future__ import annotations

from typing import Any

from psycopg import Connection


def expire(conn: Connection[Any], name: str) -> None:
    """Let the key of a name expire now, whatever guards the table."""
    with conn.transaction():
        conn.execute("alter table iam.api_keys disable trigger api_keys_immutable")
        conn.execute("update iam.api_keys set expires_at = clock_timestamp() where name = %s", [name])
        conn.execute("alter table iam.api_keys enable always trigger api_keys_immutable")
