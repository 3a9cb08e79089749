"""Role x relation, function and schema, told twice: by what the catalog says and by trying each cell."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
from psycopg import Connection, sql

from tests.catalog.conftest import SCHEMAS

NOBODY = f"somebody_{os.getpid()}"  # a login that nobody has granted anything: what PUBLIC may do
ROLES = (
    "pylayer_owner",
    "pylayer_api",
    "pylayer_admin",
    "pylayer_agent",
    "pylayer_analyst",
    "pylayer_auditor",
    NOBODY,
)
_MONTH = re.compile(r"workflow_events_p\d{8}")
_RELATIONS = """
select
  c.oid,
  c.oid::regclass::text as name,
  case when c.relkind = 'S' then 'sequence' when c.relkind in ('v', 'm') then 'view' else 'table' end as kind,
  array(
    select a.attname::text from pg_attribute as a
    where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped order by a.attnum
  ) as columns,
  c.relkind <> 'S' and (c.relkind <> 'v' or pg_relation_is_updatable(c.oid, false) > 0) as is_writable
from pg_class as c
where c.relnamespace::regnamespace::text = any(%s) and c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
order by c.oid::regclass::text
"""
_FUNCTIONS = """
select
  p.oid,
  p.oid::regprocedure::text as name,
  format('%%I.%%I', n.nspname, p.proname) as function,
  array(
    select format_type(t.oid, null) from unnest(p.proargtypes) with ordinality as t (oid, nth) order by t.nth
  ) as types
from pg_proc as p
join pg_namespace as n on n.oid = p.pronamespace
where n.nspname = any(%s)
order by 2
"""
_VERBS = {"select": "r", "insert": "a", "delete": "d", "truncate": "t"}


class Told:
    """What the catalog says."""

    def __init__(self, connection: Connection[Any]) -> None:
        self._connection = connection

    def _ask(self, query: str, *params: object) -> bool:
        return bool(self._connection.execute(query.encode(), params).fetchone()["told"])  # type: ignore[index]

    def may(self, role: str, verb: str, relation: dict[str, Any]) -> bool:
        return self._ask("select has_table_privilege(%s, %s::oid, %s) as told", role, relation["oid"], verb)

    def may_update(self, role: str, relation: dict[str, Any], column: str) -> bool:
        query = "select has_column_privilege(%s, %s::oid, %s, 'update') as told"
        return self._ask(query, role, relation["oid"], column)

    def may_call(self, role: str, function: dict[str, Any]) -> bool:
        query = "select has_function_privilege(%s, %s::oid, 'execute') as told"
        return self._ask(query, role, function["oid"])

    def may_use(self, role: str, schema: str) -> bool:
        return self._ask("select has_schema_privilege(%s, %s, 'usage') as told", role, schema)

    def may_create(self, role: str, schema: str) -> bool:
        return self._ask("select has_schema_privilege(%s, %s, 'create') as told", role, schema)


class Tried:
    """What happens."""

    def __init__(self, connection: Connection[Any]) -> None:
        self._connection = connection

    def _allowed(self, role: str, statement: sql.Composed) -> bool:
        """Whether a statement passes the check of rights, whatever else stops it; nothing of it remains."""
        try:
            with self._connection.transaction(force_rollback=True):
                self._connection.execute(sql.SQL("set local role {}").format(sql.Identifier(role)))
                self._connection.execute(statement)
        except psycopg.Error as error:
            # A right that is missed further in, by a function with its caller's rights, has a context.
            return not (error.sqlstate == "42501" and error.diag.context is None)
        return True

    def may(self, role: str, verb: str, relation: dict[str, Any]) -> bool:
        statements = {
            "select": "select from {} limit 0",
            "insert": "insert into {} default values",
            "delete": "delete from {} where false",
            "truncate": "truncate {}",
        }
        return self._allowed(role, sql.SQL(statements[verb]).format(_name(relation["name"])))  # type: ignore[arg-type]

    def may_update(self, role: str, relation: dict[str, Any], column: str) -> bool:
        statement = sql.SQL("update {} set {} = default where false")
        return self._allowed(role, statement.format(_name(relation["name"]), sql.Identifier(column)))

    def may_call(self, role: str, function: dict[str, Any]) -> bool:
        # Arguments that the planner cannot fold: else it answers for a strict function and asks for no right.
        nulls = [
            sql.SQL("(select null::{} offset 0)").format(sql.SQL(kind))  # type: ignore[arg-type]
            for kind in function["types"]
        ]
        call = sql.SQL("select {}({})").format(_name(function["function"]), sql.SQL(", ").join(nulls))
        return self._allowed(role, call)

    def may_use(self, role: str, schema: str) -> bool:
        # Looking a type up needs the schema, and no right on the type.
        name = sql.Identifier(schema, "no_such_type")
        return self._allowed(role, sql.SQL("select null::{}").format(name))

    def may_create(self, role: str, schema: str) -> bool:
        name = sql.Identifier(schema, "new_type")
        return self._allowed(role, sql.SQL("create type {} as enum ()").format(name))


def _name(dotted: str) -> sql.Identifier:
    return sql.Identifier(*dotted.split("."))


def matrix(connection: Connection[Any], make: Callable[[Connection[Any]], Told | Tried]) -> str:
    """Return the whole matrix as text; one line an object, one column a role."""
    connection.autocommit = True  # one transaction of all cells would hold back the whole server's horizon
    connection.execute(sql.SQL("create role {}").format(sql.Identifier(NOBODY)))
    try:
        return "\n".join(line.rstrip() for line in _lines(connection, make(connection))) + "\n"
    finally:
        connection.execute(sql.SQL("drop role {}").format(sql.Identifier(NOBODY)))


def _lines(connection: Connection[Any], source: Told | Tried) -> Iterator[str]:
    yield "r select, a insert, w update (w* some columns, listed below), d delete, t truncate"
    yield "x execute, U usage, C create"
    yield ""
    yield _row("", [role.removeprefix("pylayer_") for role in ROLES[:-1]] + ["somebody"])
    for schema in SCHEMAS:
        yield _row(f"schema {schema}", [_schema_cell(source, role, schema) for role in ROLES])
    relations = connection.execute(_RELATIONS, [SCHEMAS]).fetchall()
    months = [r["name"] for r in relations if _MONTH.search(r["name"])]
    columns: list[str] = []
    for relation in relations:
        name = relation["name"]
        if name in months:
            name = f"{_MONTH.sub('workflow_events', name)}, month {months.index(name) + 1}"
        cells: list[str] = []
        for role in ROLES:
            # Writing to a view of sums or a sequence fails before any right is asked for.
            verbs = _VERBS if relation["is_writable"] else {"select": "r"}
            letters = "".join(letter for verb, letter in verbs.items() if source.may(role, verb, relation))
            columns_of = relation["columns"] if relation["is_writable"] else []
            writable = [c for c in columns_of if source.may_update(role, relation, c)]
            if writable:
                partial = len(writable) < len(relation["columns"])
                letters += "w*" if partial else "w"
                if partial:
                    columns.append(f"{role.removeprefix('pylayer_')} updates {name}: {', '.join(writable)}")
            cells.append(letters or "-")
        yield _row(f"{relation['kind']} {name}", cells)
    for function in connection.execute(_FUNCTIONS, [SCHEMAS]).fetchall():
        name = function["name"].replace("timestamp with time zone", "timestamptz")
        cells = ["x" if source.may_call(role, function) else "-" for role in ROLES]
        yield _row(f"function {name}", cells)
    yield ""
    yield from columns


def _schema_cell(source: Told | Tried, role: str, schema: str) -> str:
    letters = "U" if source.may_use(role, schema) else ""
    return letters + ("C" if source.may_create(role, schema) else "") or "-"


def _row(name: str, cells: list[str]) -> str:
    short = name if len(name) <= 60 else f"{name[:57]}..."
    return f"{short:<62}" + "".join(f"{cell:<9}" for cell in cells)
