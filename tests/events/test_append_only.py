"""Nobody changes or removes a stored event: not by the parent, a partition, a role or a replica session."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from psycopg import Connection, sql

import pylayer
from tests.events.samples import month_start, step

_ROLES_WITHOUT_RIGHT = ["pylayer_api", "pylayer_admin", "pylayer_agent", "pylayer_analyst", "pylayer_auditor"]
_CHANGES = [
    "update {} set run_id = 'x'",
    "delete from {}",
    "truncate {}",
    "insert into {} select * from telemetry.workflow_events "
    "on conflict (event_id) do update set run_id = 'x'",
    "merge into {0} as t using (select event_id from {0}) as s "
    "on t.event_id = s.event_id when matched then delete",
]


def tables(conn: Connection[Any]) -> list[str]:
    found = conn.execute(
        "select 'telemetry.workflow_events' as name "
        "union all select inhrelid::regclass::text from pg_inherits "
        "where inhparent = 'telemetry.workflow_events'::regclass"
    )
    return [row["name"] for row in found]


def refused(conn: Connection[Any], statement: str, table: str) -> str | None:
    query = sql.SQL(statement).format(sql.Identifier(*table.split(".")))  # type: ignore[arg-type]
    with pytest.raises(psycopg.Error) as caught, conn.transaction():
        conn.execute(query)
    return caught.value.sqlstate


@pytest.mark.parametrize("statement", _CHANGES)
def test_roles_without_the_right_get_42501(
    client: pylayer.Client, conn: Connection[Any], statement: str
) -> None:
    client.events.ingest(step())
    for role in _ROLES_WITHOUT_RIGHT:
        conn.execute(sql.SQL("set role {}").format(sql.Identifier(role)))
        for table in tables(conn):
            assert refused(conn, statement, table) == "42501", (role, table)
        conn.execute("reset role")


@pytest.mark.parametrize("statement", _CHANGES)
@pytest.mark.parametrize("replica", [False, True])
@pytest.mark.parametrize("role", ["postgres", "pylayer_owner"])
def test_owner_and_superuser_get_pt403(
    client: pylayer.Client, conn: Connection[Any], statement: str, replica: bool, role: str
) -> None:
    client.events.ingest(step())
    if replica:
        conn.execute("set session_replication_role = replica")
    conn.execute(sql.SQL("set role {}").format(sql.Identifier(role)))
    month = f"telemetry.workflow_events_p{month_start():%Y%m%d}"
    for table in ("telemetry.workflow_events", month):
        assert refused(conn, statement, table) == "PT403", table
    conn.execute("reset role")
    assert len(client.events.query()) == 1


_PATHS = {
    "maintenance": "select partman.run_maintenance('telemetry.workflow_events')",
    "partman": "select partman.create_partition_time("
    "'telemetry.workflow_events', array[{month}::timestamptz])",
    "by hand": "create table telemetry.hand partition of telemetry.workflow_events "
    "for values from ({a}) to ({b})",
    "attach": "create table telemetry.hand (like telemetry.workflow_events including all); "
    "alter table telemetry.workflow_events attach partition telemetry.hand for values from ({a}) to ({b})",
    "function": "select telemetry.make_months(array[{month}::timestamptz])",
}


@pytest.mark.parametrize("path", _PATHS)
def test_truncate_is_guarded_however_a_partition_was_made(conn: Connection[Any], path: str) -> None:
    before = set(tables(conn))
    if path == "maintenance":
        conn.execute("update partman.part_config set premake = 8")
    month, after = month_start(9), month_start(10)
    statement = sql.SQL(_PATHS[path]).format(  # type: ignore[arg-type]
        month=sql.Literal(month),
        a=sql.SQL("{}").format(sql.Literal(floor(conn, month))),
        b=sql.SQL("{}").format(sql.Literal(floor(conn, after))),
    )
    conn.execute("set timezone = 'UTC'")
    conn.execute(statement)
    made = set(tables(conn)) - before
    assert made
    for table in made:
        assert refused(conn, "truncate {}", table) == "PT403"


def test_maintenance_of_all_tables_leaves_the_months_alone(conn: Connection[Any]) -> None:
    """It runs in the time zone of whoever calls it, where a month has other bounds than in UTC."""
    before = tables(conn)
    conn.execute("update partman.part_config set premake = 12")
    conn.execute("set timezone = 'America/New_York'")
    conn.execute("select partman.run_maintenance()")
    assert tables(conn) == before


def test_whoever_has_no_right_on_the_schema_makes_tables_elsewhere(conn: Connection[Any]) -> None:
    conn.execute("create role stranger")
    try:
        with conn.transaction():
            conn.execute("set local role stranger")
            conn.execute("create temporary table notes (id int) on commit drop")
            conn.execute("alter table notes add body text")
    finally:
        conn.execute("drop role stranger")


def floor(conn: Connection[Any], moment: Any) -> str:
    return conn.execute("select core.ulid_floor(%s) as f", [moment]).fetchone()["f"]


def test_settings_only_grow(conn: Connection[Any]) -> None:
    for statement in (
        "update core.settings set retention_floor = '00000000000000000000000000'",
        "update core.settings set epoch = epoch - 1",
        "update core.settings set max_ts_skew = interval '1 hour'",
        "delete from core.settings",
        "truncate core.settings",
    ):
        with pytest.raises(psycopg.Error) as caught:
            conn.execute(statement)  # type: ignore[arg-type]
        assert caught.value.sqlstate in {"PT403", "23514"}
