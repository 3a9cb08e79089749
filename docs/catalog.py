"""What the catalog of a migrated database says of our schemas, as plain values for the reference pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, LiteralString, TypeVar

from psycopg import Connection
from psycopg.rows import class_row, tuple_row

__all__ = ["CALLERS", "Catalog", "Column", "Function", "Index", "Reference", "Table", "Type", "read_catalog"]

CALLERS = ("pylayer_agent", "pylayer_admin", "pylayer_analyst", "pylayer_auditor")
_Row = TypeVar("_Row")
_OURS = ["core", "telemetry", "work", "iam", "ai"]


@dataclass(frozen=True, slots=True)
class Function:
    """One stored function; ``callers`` are the roles of `CALLERS` that may execute it."""

    schema: str
    name: str
    arguments: list[str]
    returns: str
    language: str
    volatility: str
    definer: bool
    is_trigger: bool
    comment: str
    callers: list[str]


@dataclass(frozen=True, slots=True)
class Column:
    """One column; ``default`` is the expression of a default or generated column."""

    schema: str
    table: str
    name: str
    type: str
    nullable: bool
    default: str | None
    generated: bool
    primary: bool
    comment: str


@dataclass(frozen=True, slots=True)
class Table:
    """One table, without the partitions; ``partition_key`` is None for a plain one."""

    schema: str
    name: str
    partition_key: str | None
    comment: str
    checks: list[str]
    triggers: list[str]


@dataclass(frozen=True, slots=True)
class Index:
    """One index, as what stands behind ``USING``."""

    schema: str
    table: str
    name: str
    definition: str
    kind: str


@dataclass(frozen=True, slots=True)
class Reference:
    """A foreign key from ``table`` to ``target``, both with their schema."""

    table: str
    target: str
    columns: str
    mandatory: bool


@dataclass(frozen=True, slots=True)
class Type:
    """An enum, a domain or a composite type; ``body`` are its labels, base or attributes."""

    schema: str
    name: str
    kind: str
    body: str
    comment: str


@dataclass(frozen=True, slots=True)
class Catalog:
    """All of it, by schema and name."""

    schemas: list[tuple[str, str]]
    functions: list[Function]
    tables: list[Table]
    columns: list[Column]
    indexes: list[Index]
    references: list[Reference]
    types: list[Type]


_SCHEMAS: LiteralString = """
select n.nspname::text, obj_description(n.oid, 'pg_namespace')
from pg_namespace as n where n.nspname = any(%(ours)s) order by n.nspname
"""

_FUNCTIONS: LiteralString = """
select
  n.nspname::text as schema,
  p.proname::text as name,
  array(
    select concat_ws(' ', p.proargnames[a.i], format_type(p.proargtypes[a.i - 1], null),
      'default ' || pg_get_function_arg_default(p.oid, a.i::integer))
    from generate_series(1, p.pronargs) as a (i) order by a.i
  ) as arguments,
  pg_get_function_result(p.oid) as returns,
  l.lanname::text as language,
  case p.provolatile when 'i' then 'immutable' when 's' then 'stable' else 'volatile' end as volatility,
  p.prosecdef as definer,
  p.prorettype in ('trigger'::regtype, 'event_trigger'::regtype) as is_trigger,
  coalesce(obj_description(p.oid, 'pg_proc'), '') as comment,
  array(
    select c.role from unnest(%(callers)s::text[]) with ordinality as c (role, nth)
    where has_function_privilege(c.role, p.oid, 'execute') order by c.nth
  ) as callers
from pg_proc as p
join pg_namespace as n on n.oid = p.pronamespace
join pg_language as l on l.oid = p.prolang
where n.nspname = any(%(ours)s)
order by n.nspname, p.proname, p.oid
"""

_TABLES: LiteralString = """
select
  n.nspname::text as schema,
  c.relname::text as name,
  pg_get_partkeydef(c.oid) as partition_key,
  coalesce(obj_description(c.oid, 'pg_class'), '') as comment,
  array(
    select pg_get_constraintdef(k.oid) from pg_constraint as k
    where k.conrelid = c.oid and k.contype in ('c', 'f') order by k.contype, k.conname
  ) as checks,
  array(
    select format('%%s: %%s', t.tgname,
      regexp_replace(pg_get_triggerdef(t.oid, true), '^.*? (BEFORE|AFTER) (.*?) ON .*EXECUTE FUNCTION (.*)$',
        lower('\\1') || ' \\2, \\3'))
    from pg_trigger as t where t.tgrelid = c.oid and not t.tgisinternal order by t.tgname
  ) as triggers
from pg_class as c
join pg_namespace as n on n.oid = c.relnamespace
where n.nspname = any(%(ours)s) and c.relkind in ('r', 'p', 'v', 'm') and not c.relispartition
order by n.nspname, c.relname
"""

_COLUMNS: LiteralString = """
select
  n.nspname::text as schema,
  c.relname::text as table,
  a.attname::text as name,
  format_type(a.atttypid, a.atttypmod) as type,
  not a.attnotnull as nullable,
  pg_get_expr(d.adbin, d.adrelid) as default,
  a.attgenerated <> '' as generated,
  exists (
    select from pg_index as i where i.indrelid = c.oid and i.indisprimary and a.attnum = any(i.indkey)
  ) as primary,
  coalesce(col_description(c.oid, a.attnum), '') as comment
from pg_attribute as a
join pg_class as c on c.oid = a.attrelid
join pg_namespace as n on n.oid = c.relnamespace
left join pg_attrdef as d on d.adrelid = a.attrelid and d.adnum = a.attnum
where n.nspname = any(%(ours)s) and c.relkind in ('r', 'p', 'v', 'm') and not c.relispartition
  and a.attnum > 0 and not a.attisdropped
order by n.nspname, c.relname, a.attnum
"""

_INDEXES: LiteralString = """
select
  n.nspname::text as schema,
  c.relname::text as table,
  x.relname::text as name,
  substring(pg_get_indexdef(i.indexrelid) from ' USING (.*)$') as definition,
  case when i.indisprimary then 'primary key' when i.indisunique then 'unique' else 'index' end as kind
from pg_index as i
join pg_class as x on x.oid = i.indexrelid
join pg_class as c on c.oid = i.indrelid
join pg_namespace as n on n.oid = c.relnamespace
where n.nspname = any(%(ours)s) and not c.relispartition and c.relkind in ('r', 'p', 'm')
order by n.nspname, c.relname, not i.indisprimary, x.relname
"""

_REFERENCES: LiteralString = """
select
  k.conrelid::regclass::text as table,
  k.confrelid::regclass::text as target,
  (
    select string_agg(a.attname, ', ' order by u.nth)
    from unnest(k.conkey) with ordinality as u (attnum, nth)
    join pg_attribute as a on a.attrelid = k.conrelid and a.attnum = u.attnum
  ) as columns,
  (
    select bool_and(a.attnotnull) from pg_attribute as a
    where a.attrelid = k.conrelid and a.attnum = any(k.conkey)
  ) as mandatory
from pg_constraint as k
join pg_namespace as n on n.oid = k.connamespace
where n.nspname = any(%(ours)s) and k.contype = 'f' and k.conparentid = 0
order by k.conrelid::regclass::text, k.conname
"""

_TYPES: LiteralString = """
select
  n.nspname::text as schema,
  t.typname::text as name,
  case t.typtype when 'e' then 'enum' when 'd' then 'domain' else 'composite' end as kind,
  case t.typtype
    when 'e' then (
      select string_agg(e.enumlabel, ', ' order by e.enumsortorder)
      from pg_enum as e where e.enumtypid = t.oid
    )
    when 'd' then format_type(t.typbasetype, t.typtypmod)
    else (
      select string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod), ', ' order by a.attnum)
      from pg_attribute as a where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped
    )
  end as body,
  coalesce(obj_description(t.oid, 'pg_type'), obj_description(c.oid, 'pg_class'), '') as comment
from pg_type as t
join pg_namespace as n on n.oid = t.typnamespace
left join pg_class as c on c.oid = t.typrelid
where n.nspname = any(%(ours)s) and (t.typtype in ('e', 'd') or c.relkind = 'c')
order by n.nspname, t.typname
"""


def read_catalog(connection: Connection[Any]) -> Catalog:
    """Read the catalog of our schemas; changes nothing."""
    params = {"ours": _OURS, "callers": list(CALLERS)}

    def rows(query: LiteralString, kind: type[_Row]) -> list[_Row]:
        with connection.cursor(row_factory=class_row(kind)) as cursor:
            return cursor.execute(query, params).fetchall()

    with connection.cursor(row_factory=tuple_row) as cursor:
        schemas: Sequence[tuple[str, str]] = cursor.execute(_SCHEMAS, params).fetchall()  # type: ignore[assignment]
    return Catalog(
        schemas=list(schemas),
        functions=rows(_FUNCTIONS, Function),
        tables=rows(_TABLES, Table),
        columns=rows(_COLUMNS, Column),
        indexes=rows(_INDEXES, Index),
        references=rows(_REFERENCES, Reference),
        types=rows(_TYPES, Type),
    )
