"""plpgsql_check finds nothing in any PL/pgSQL function; skipped where the extension cannot be loaded."""

from __future__ import annotations

from typing import Any

import pytest
from psycopg import Connection, errors

from tests.catalog.conftest import SCHEMAS

# A trigger function is checked with a table that has it, else with the events: sealed months get one.
_FINDINGS = """
select p.oid::regprocedure::text as function, f.sqlstate, f.level, f.lineno, f.message
from pg_proc as p
join pg_language as l on l.oid = p.prolang and l.lanname = 'plpgsql'
cross join lateral checks.plpgsql_check_function_tb(
  p.oid,
  coalesce(
    (select t.tgrelid from pg_trigger as t where t.tgfoid = p.oid order by t.oid limit 1),
    case when p.prorettype = 'trigger'::regtype then 'telemetry.workflow_events'::regclass end,
    0
  ),
  fatal_errors => false, extra_warnings => true, performance_warnings => true, security_warnings => true,
  compatibility_warnings => true
) as f
where p.pronamespace::regnamespace::text = any(%s)
order by 1, f.lineno
"""


@pytest.fixture
def checked(catalog: Connection[Any]) -> Connection[Any]:
    catalog.execute("create schema checks")
    try:
        catalog.execute("create extension plpgsql_check schema checks")
    except (errors.FeatureNotSupported, errors.UndefinedFile) as error:
        pytest.skip(f"plpgsql_check cannot be loaded (`make setup` gets it where it is packaged): {error}")
    return catalog


def findings(connection: Connection[Any]) -> list[dict[str, Any]]:
    return connection.execute(_FINDINGS, [SCHEMAS]).fetchall()


def test_plpgsql_check_finds_nothing(checked: Connection[Any]) -> None:
    assert findings(checked) == []


def test_plpgsql_check_finds_what_is_wrong(checked: Connection[Any]) -> None:
    checked.execute("set check_function_bodies = off")
    checked.execute(
        "create function work.wrong() returns void language plpgsql as "
        "$$begin perform 1 from work.no_such_table; end$$"
    )
    found = [(row["function"], row["sqlstate"]) for row in findings(checked)]
    assert ("work.wrong()", "42P01") in found


def test_every_function_is_looked_at(checked: Connection[Any]) -> None:
    counted = checked.execute(
        "select count(*) as n from pg_proc as p join pg_language as l on l.oid = p.prolang "
        "where l.lanname = 'plpgsql' and p.pronamespace::regnamespace::text = any(%s)",
        [SCHEMAS],
    ).fetchone()
    assert counted is not None
    assert counted["n"] > 20
