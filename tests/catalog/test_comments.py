"""Everything has a comment: docs/sql.md and docs/schema.md are made of them."""

from __future__ import annotations

from typing import Any

from psycopg import Connection

from tests.catalog.conftest import SCHEMAS

_UNCOMMENTED = """
select format('schema %%s', n.nspname) as name
from pg_namespace as n
where n.nspname = any(%(schemas)s) and obj_description(n.oid, 'pg_namespace') is null
union all
select format('relation %%s', c.oid::regclass)
from pg_class as c
where c.relnamespace::regnamespace::text = any(%(schemas)s) and c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
  and not c.relispartition and obj_description(c.oid, 'pg_class') is null
union all
select format('column %%s.%%s', c.oid::regclass, a.attname)
from pg_class as c
join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
where c.relnamespace::regnamespace::text = any(%(schemas)s) and c.relkind in ('r', 'p', 'v', 'm', 'f')
  and not c.relispartition and col_description(c.oid, a.attnum) is null
union all
select format('type %%s', t.oid::regtype)
from pg_type as t
left join pg_class as c on c.oid = t.typrelid
where t.typnamespace::regnamespace::text = any(%(schemas)s)
  and (t.typtype in ('e', 'd', 'r') or c.relkind = 'c')
  and coalesce(obj_description(t.oid, 'pg_type'), obj_description(c.oid, 'pg_class')) is null
union all
select format('function %%s', p.oid::regprocedure)
from pg_proc as p
where p.pronamespace::regnamespace::text = any(%(schemas)s) and obj_description(p.oid, 'pg_proc') is null
"""


def uncommented(catalog: Connection[Any]) -> list[str]:
    return [row["name"] for row in catalog.execute(_UNCOMMENTED, {"schemas": SCHEMAS})]


def test_everything_is_commented(catalog: Connection[Any]) -> None:
    assert uncommented(catalog) == []


def test_what_lacks_a_comment_is_found(catalog: Connection[Any]) -> None:
    catalog.execute("create table work.bare (id bigint)")
    catalog.execute("create type work.bare_kind as enum ('a')")
    catalog.execute("create function work.bare_function() returns integer language sql return 1")
    assert uncommented(catalog) == [
        "relation work.bare",
        "column work.bare.id",
        "type work.bare_kind",
        "function work.bare_function()",
    ]
