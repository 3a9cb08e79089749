"""What the live database holds of routines, views and triggers, by plain catalog queries."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, LiteralString

from pylayer.migrate.session import Session

__all__ = ["DROP_ORDER", "LiveObject", "digests", "drop_statement", "live_objects", "reset"]

ObjectKind = Literal["trigger", "view", "materialized view", "routine"]
DROP_ORDER: tuple[ObjectKind, ...] = ("trigger", "view", "materialized view", "routine")


@dataclass(frozen=True, slots=True)
class LiveObject:
    """One routine, view or trigger.

    Attributes:
        kind: what it is, as DROP spells it.
        identity: quoted, schema-qualified, with argument types; also what DROP wants.
        home: ``schema.name`` of the file that it belongs to (for a trigger, its function's).
        stamp: changes whenever its row in the catalog does.
    """

    kind: ObjectKind
    identity: str
    home: str
    stamp: str

    @property
    def label(self) -> str:
        """Kind and identity: unique in a database."""
        return f"{self.kind} {self.identity}"


_OBJECTS: LiteralString = """
with rights as (
  select
    p.oid, 'pg_proc'::regclass as class, p.proowner as owner,
    coalesce(p.proacl, acldefault('f', p.proowner)) as acl
  from pg_proc as p
  union all
  select c.oid, 'pg_class'::regclass, c.relowner, coalesce(c.relacl, acldefault('r', c.relowner))
  from pg_class as c
  where c.relkind in ('v', 'm')
), objects as (
  select
    'routine' as kind,
    format('%%I.%%I(%%s)', n.nspname, p.proname, oidvectortypes(p.proargtypes)) as identity,
    n.nspname || '.' || p.proname as home,
    concat(p.xmin, p.ctid) as stamp,
    'pg_proc'::regclass as class,
    p.oid
  from pg_proc as p
  join pg_namespace as n on n.oid = p.pronamespace
  where n.nspname = any(%(schemas)s)
  union all
  select
    case c.relkind when 'v' then 'view' else 'materialized view' end,
    format('%%I.%%I', n.nspname, c.relname),
    n.nspname || '.' || c.relname,
    concat(c.xmin, c.ctid, w.xmin, w.ctid),
    'pg_class'::regclass,
    c.oid
  from pg_class as c
  join pg_namespace as n on n.oid = c.relnamespace
  join pg_rewrite as w on w.ev_class = c.oid and w.rulename = '_RETURN'
  where n.nspname = any(%(schemas)s) and c.relkind in ('v', 'm')
  union all
  select
    'trigger',
    format('%%I on %%I.%%I', t.tgname, n.nspname, c.relname),
    f.nspname || '.' || p.proname,
    concat(t.xmin, t.ctid),
    'pg_trigger'::regclass,
    t.oid
  from pg_trigger as t
  join pg_class as c on c.oid = t.tgrelid
  join pg_namespace as n on n.oid = c.relnamespace
  join pg_proc as p on p.oid = t.tgfoid
  join pg_namespace as f on f.oid = p.pronamespace
  where f.nspname = any(%(schemas)s) and not t.tgisinternal and t.tgparentid = 0
)
"""

_LIVE: LiteralString = _OBJECTS + "select kind, identity, home, stamp from objects order by kind, identity"

# What "create or replace" keeps of an object that it replaces: owner, rights, comment.
_RESETS: LiteralString = (
    _OBJECTS
    + """
, chosen as (
  select *, case o.kind when 'routine' then 'routine' else 'table' end as grantable
  from objects as o
  where o.kind || ' ' || o.identity = any(%(labels)s)
)
select format('comment on %%s %%s is null', o.kind, o.identity) from chosen as o
union all
select format('comment on column %%s.%%I is null', o.identity, a.attname)
from chosen as o
join pg_attribute as a on a.attrelid = o.oid and o.class = 'pg_class'::regclass
where a.attnum > 0 and col_description(o.oid, a.attnum) is not null
union all
select format('alter %%s %%s owner to %%I', o.kind, o.identity, current_user)
from chosen as o
where o.kind <> 'trigger'
union all
select
  format(
    'revoke all on %%s %%s from %%s cascade', o.grantable, o.identity,
    case a.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end
  )
from chosen as o
join rights as r on r.oid = o.oid and r.class = o.class
cross join aclexplode(r.acl) as a
where a.grantee <> r.owner and a.grantee <> (select u.oid from pg_roles as u where u.rolname = current_user)
union all
select format('grant all on %%s %%s to %%I', o.grantable, o.identity, current_user)
from chosen as o
where o.kind <> 'trigger'
union all
select format('grant execute on routine %%s to public', o.identity) from chosen as o where o.kind = 'routine'
"""
)

_DIGESTS: LiteralString = (
    _OBJECTS
    + """
select
  o.kind || ' ' || o.identity,
  encode(sha256(convert_to(concat_ws(
    E'\\n',
    case
      when o.kind = 'trigger' then pg_get_triggerdef(o.oid)
      when o.kind <> 'routine' then pg_get_viewdef(o.oid)
      when p.prokind <> 'a' then pg_get_functiondef(o.oid)
    end,
    t.tgenabled,
    c.reloptions::text,
    pg_get_userbyid(r.owner),
    (
      select string_agg(concat_ws(' ', pg_get_userbyid(a.grantee), a.privilege_type, a.is_grantable), ', '
        order by pg_get_userbyid(a.grantee), a.privilege_type, a.is_grantable)
      from aclexplode(r.acl) as a
    ),
    (
      select d.description
      from pg_description as d
      where d.classoid = o.class and d.objoid = o.oid and d.objsubid = 0
    )
  ), 'UTF8')), 'hex')
from objects as o
left join pg_proc as p on p.oid = o.oid and o.kind = 'routine'
left join pg_trigger as t on t.oid = o.oid and o.kind = 'trigger'
left join pg_class as c on c.oid = o.oid and o.kind in ('view', 'materialized view')
left join rights as r on r.oid = o.oid and r.class = o.class
where o.kind || ' ' || o.identity = any(%(labels)s)
"""
)


def live_objects(connection: Session, schemas: Iterable[str]) -> dict[str, LiveObject]:
    """Return the routines, views and triggers of some schemas by label."""
    found = connection.execute(_LIVE, {"schemas": list(schemas)}).fetchall()
    return {item.label: item for item in (LiveObject(*row) for row in found)}


def digests(connection: Session, schemas: Iterable[str], labels: Collection[str]) -> Mapping[str, str]:
    """Return sha256, by label, of definition, owner, rights and comment of those that exist."""
    rows = connection.execute(_DIGESTS, {"schemas": list(schemas), "labels": list(labels)})
    return {str(label): str(digest) for label, digest in rows}


def reset(connection: Session, schemas: Iterable[str], labels: Collection[str]) -> None:
    """Give objects the owner, rights and comment of newly made ones, as far as they exist."""
    rows = connection.execute(_RESETS, {"schemas": list(schemas), "labels": list(labels)}).fetchall()
    for (statement,) in rows:
        connection.execute(statement.encode())


def drop_statement(item: LiveObject) -> str:
    """Return the statement that drops an object unless something depends on it."""
    return f"drop {item.kind} {item.identity} restrict"
