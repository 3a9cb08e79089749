"""`pylayer doctor`: reads what must hold, changes nothing, and says how to put right what does not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, LiteralString, TypeAlias

import psycopg
from pydantic import BaseModel

from pylayer.blobs import BlobStore
from pylayer.config import Settings
from pylayer.errors import PylayerError, translated
from pylayer.migrate import objects, preflight
from pylayer.migrate.history import History, read_history
from pylayer.migrate.session import Session, session
from pylayer.migrate.tree import Tree, default_db, read_tree

__all__ = ["Check", "diagnose", "missing_months"]

Status = Literal["ok", "warn", "fail"]
_Bound: TypeAlias = tuple[str, str | None, str | None, bool]

MONTHS_AHEAD = 2
ROLES = (
    "pylayer_owner",
    "pylayer_api",
    "pylayer_admin",
    "pylayer_agent",
    "pylayer_analyst",
    "pylayer_auditor",
)
GUARDED = (
    "work.artifact_versions",
    "work.artifact_tombstones",
    "iam.api_keys",
    "ai.agent_definitions",
    "ai.models",
    "ai.conversations",
    "ai.messages",
    "work.attachments",
    "work.comment_revisions",
    "work.comments",
    "work.decisions",
    "work.item_states",
    "work.item_transitions",
)
_EVENTS = "telemetry.workflow_events"
_MIGRATE = "run: pylayer migrate"
_MAINTAIN = "run: pylayer maintain"


class Check(BaseModel):
    """The outcome of one check.

    Attributes:
        name: what was looked at.
        status: ``ok``, ``warn`` (works, but look at it) or ``fail``.
        detail: what was found.
        fix: what to do, None when nothing is.
    """

    name: str
    status: Status
    detail: str
    fix: str | None = None


def diagnose(settings: Settings, *, db: Path | None = None) -> list[Check]:
    """Check the database and the object storage that the settings name.

    Args:
        settings: where they are; ``DATABASE_DIRECT_URL`` goes before ``DATABASE_URL``.
        db: folder with the SQL files to compare with; default: the packaged one.

    Raises:
        pylayer.InvalidInput: no database is configured, or the folder cannot be used.

    Example:
        >>> [c.name for c in diagnose(Settings.load()) if c.status == "fail"]    # doctest: +SKIP
        []
    """
    url = settings.require_database_url(direct=True)
    tree = read_tree(db or default_db())
    checks: list[Check] = []
    try:
        with translated(), session(url) as connection:
            connection.execute("set default_transaction_read_only = on")
            checks += _database(connection, tree)
    except PylayerError as error:
        checks.append(_failed("server", error))
    checks.append(_object_storage(settings))
    return checks


def missing_months(settings: Settings) -> list[str]:
    """Return the months without a partition, as ``2026-01``, among this one and those that must be ahead.

    Raises:
        pylayer.PylayerError: the database does not answer, or is not migrated.
    """
    url = settings.require_database_url()
    with translated(), psycopg.connect(url, prepare_threshold=None, connect_timeout=5) as connection:
        return _missing_months(connection, _bounds(connection))


@dataclass(frozen=True, slots=True)
class _Subject:
    connection: Session
    tree: Tree
    history: History

    def rows(self, query: LiteralString, *params: object) -> list[tuple[Any, ...]]:
        return self.connection.execute(query, params or None).fetchall()

    def exists(self, table: str) -> bool:
        return bool(self.rows("select to_regclass(%s) is not null", table)[0][0])


def _database(connection: Session, tree: Tree) -> Iterator[Check]:
    subject = _Subject(connection, tree, read_history(connection))
    sections: dict[str, Callable[[_Subject], Iterable[Check]]] = {
        "server": _server,
        "extensions": _extensions,
        "migrations": _migrations,
        "functions": _functions,
        "roles": _roles,
        "partitions": _partitions,
        "guards": _guards,
    }
    for name, section in sections.items():
        try:
            with translated():
                yield from list(section(subject))
        except PylayerError as error:
            yield _failed(name, error)
        except psycopg.Error as error:
            yield Check(name=name, status="fail", detail=str(error).strip())


def _failed(name: str, error: PylayerError) -> Check:
    parts = [error.message, error.reason, error.detail]
    return Check(name=name, status="fail", detail=": ".join(filter(None, parts)), fix=error.hint)


def _verdict(name: str, problems: Iterable[str], good: str, fix: str, *, status: Status = "fail") -> Check:
    found = sorted(problems)
    if not found:
        return Check(name=name, status="ok", detail=good)
    return Check(name=name, status=status, detail=", ".join(found), fix=fix)


def _server(subject: _Subject) -> Iterator[Check]:
    problems = {problem.reason: problem for problem in preflight.server_problems(subject.connection)}
    info = subject.connection.info
    found = {
        "server_version": f"PostgreSQL {info.server_version // 10000}.{info.server_version % 10000}",
        "server_encoding": info.parameter_status("server_encoding") or "",
    }
    for reason, detail in found.items():
        problem = problems.get(reason)
        yield _failed(reason, problem) if problem else Check(name=reason, status="ok", detail=detail)
    zone = str(subject.rows("select reset_val from pg_settings where name = 'TimeZone'")[0][0])
    plain = zone in {"UTC", "Etc/UTC", "GMT"}
    yield Check(
        name="time_zone",
        status="ok" if plain else "warn",
        detail=zone,
        fix=None if plain else "times are stored and partitioned in UTC, but sessions show them in this zone",
    )


def _extensions(subject: _Subject) -> Iterator[Check]:
    installed = dict(subject.rows("select extname, extversion from pg_extension"))
    for extension in preflight.REQUIRED:
        problem = preflight.extension_problem(subject.connection, extension)
        name = f"extension {extension.name}"
        yield (
            _failed(name, problem)
            if problem
            else Check(name=name, status="ok", detail=installed[extension.name])
        )


def _migrations(subject: _Subject) -> Iterator[Check]:
    subject.history.check(subject.tree)
    current, head = subject.history.current(subject.tree), subject.tree.head
    behind = [f"at {current} of {head}"] if current != head else []
    yield _verdict("migrations", behind, f"at {head}, none edited", _MIGRATE)


def _functions(subject: _Subject) -> Iterator[Check]:
    tree, history = subject.tree, subject.history
    yield _verdict(
        "function files",
        objects.missing(tree, history),
        f"{len(tree.objects)} applied as they stand",
        _MIGRATE,
    )
    drift = objects.drifted(subject.connection, objects.schemas_of(tree, history), history)
    yield _verdict(
        "function drift",
        {label for labels in drift.values() for label in labels},
        "none was changed by hand",
        f"{_MIGRATE}, which puts the files' version back",
    )


def _roles(subject: _Subject) -> Iterator[Check]:
    found = subject.rows(
        "select rolname, rolsuper or rolbypassrls, rolcanlogin from pg_roles where rolname = any(%s)",
        list(ROLES),
    )
    missing = set(ROLES) - {name for name, _, _ in found}
    yield _verdict("roles", missing, f"{len(found)} exist", f"create role NAME nologin; then {_MIGRATE}")
    mighty = [name for name, bypasses, _ in found if bypasses]
    yield _verdict("row security", mighty, "no role bypasses it", "alter role NAME nosuperuser nobypassrls")
    logins = [name for name, _, login in found if login]
    yield _verdict(
        "logins",
        logins,
        "no group role logs in",
        "alter role NAME nologin, and grant it to a login",
        status="warn",
    )
    owned = subject.rows(
        """
        select format('%%s owns %%s', pg_get_userbyid(c.relowner), c.oid::regclass)
        from pg_class as c
        where c.relkind in ('r', 'p', 'f', 'S') and pg_get_userbyid(c.relowner)::text = any(%s)
        """,
        list(ROLES[1:]),
    )
    fix = "alter table NAME owner to pylayer_owner"
    yield _verdict("table owners", [text for (text,) in owned], "no API role owns a table", fix)


def _partitions(subject: _Subject) -> Iterator[Check]:
    if not subject.exists(_EVENTS):
        return
    bounds = _bounds(subject.connection)
    default = [name for name, lower, _, _ in bounds if lower is None]
    yield _verdict(
        "default partition", default, "absent", "move its rows, then drop it: it defeats deduplication"
    )
    crooked = [name for name, lower, _, exact in bounds if lower is not None and not exact]
    yield _verdict(
        "partition bounds",
        crooked,
        f"{len(bounds) - len(default)} partitions, each one month in UTC",
        "detach it, and let telemetry.make_months make the month",
    )
    yield _verdict(
        "months ahead",
        _missing_months(subject.connection, bounds),
        f"this month and at least {MONTHS_AHEAD} more exist",
        _MAINTAIN,
    )
    yield from _partman(subject)
    yield from _retention(subject)


def _retention(subject: _Subject) -> Iterator[Check]:
    if not subject.exists("telemetry.retired_months"):
        return
    [(ahead, oldest, overdue)] = subject.rows(
        "select months_ahead, to_char(oldest_month, 'YYYY-MM'), overdue_months"
        " from telemetry.retention_status()"
    )
    yield Check(name="runway", status="ok", detail=f"{ahead} months ahead of this one")
    yield _verdict(
        "oldest partition",
        [f"{oldest or 'none'}, {overdue} months overdue"] if overdue else [],
        f"{oldest or 'none'}, no month is overdue",
        f"{_MAINTAIN}; it says what a month waits for",
        status="warn",
    )


def _missing_months(connection: Session, bounds: Iterable[_Bound]) -> list[str]:
    starts = {lower for _, lower, _, exact in bounds if exact}
    wanted = connection.execute(
        """
        select to_char(m.month, 'YYYY-MM'), core.ulid_floor(m.month)
        from generate_series(
          date_trunc('month', now(), 'UTC'), date_trunc('month', now(), 'UTC') + make_interval(months => %s),
          interval '1 month', 'UTC'
        ) as m (month)
        """,
        (MONTHS_AHEAD,),
    ).fetchall()
    return [month for month, floor in wanted if floor not in starts]


def _bounds(connection: Session) -> list[_Bound]:
    """Return name, lower and upper bound of each partition, and whether they are a month's; None: default."""
    return connection.execute(
        """
        select b.name, b.lower, b.upper, coalesce(
          b.lower = core.ulid_floor(m.month)
          and b.upper = core.ulid_floor((m.month at time zone 'UTC' + interval '1 month') at time zone 'UTC'),
          false
        )
        from (
          select
            c.oid::regclass::text as name,
            substring(pg_get_expr(c.relpartbound, c.oid) from $$FROM \\('([0-9A-Z]{26})'\\)$$) as lower,
            substring(pg_get_expr(c.relpartbound, c.oid) from $$TO \\('([0-9A-Z]{26})'\\)$$) as upper
          from pg_inherits as i
          join pg_class as c on c.oid = i.inhrelid
          where i.inhparent = 'telemetry.workflow_events'::regclass
        ) as b
        cross join lateral (select date_trunc('month', core.ulid_time(b.lower), 'UTC') as month) as m
        order by b.lower
        """
    ).fetchall()


def _partman(subject: _Subject) -> Iterator[Check]:
    found = subject.rows(
        "select retention, infinite_time_partitions from partman.part_config where parent_table = %s", _EVENTS
    )
    problems = ["no configuration"] if not found else []
    for retention, infinite in found:
        problems += [f"retention = {retention}"] if retention is not None else []
        problems += ["infinite_time_partitions is off"] if not infinite else []
    yield _verdict(
        "pg_partman",
        problems,
        "drops nothing, and goes on without new data",
        "set retention = null and infinite_time_partitions = true in partman.part_config"
        f" where parent_table = '{_EVENTS}'",
    )


def _guards(subject: _Subject) -> Iterator[Check]:
    tables = [table for table in (_EVENTS, *GUARDED) if subject.exists(table)]
    if not tables:
        return
    lacking = subject.rows(
        """
        with guarded as (
          select coalesce(p.relid, name::regclass) as oid
          from unnest(%s::text[]) as name
          left join pg_partition_tree(name::regclass) as p on true
        )
        select
          format('%%s lets %%s through', g.oid::regclass, string_agg(e.event, ', ' order by e.event))
        from guarded as g
        cross join (values ('UPDATE', 16, 1), ('DELETE', 8, 1), ('TRUNCATE', 32, 0))
          as e (event, bit, per_row)
        where not exists (
          select
          from pg_trigger as t
          where t.tgrelid = g.oid and t.tgenabled = 'A' and t.tgfoid = to_regproc('core.forbid_mutation')
            and t.tgtype & 2 = 2 and t.tgtype & e.bit = e.bit and t.tgtype & 1 = e.per_row
        )
        group by g.oid
        """,
        tables,
    )
    yield _verdict(
        "guard triggers",
        [text for (text,) in lacking],
        "update, delete and truncate are refused on every append-only table and partition",
        "select telemetry.guard_partitions(); for others: alter table NAME enable always trigger NAME",
    )
    enabled = subject.rows(
        "select evtenabled from pg_event_trigger where evtname = 'pylayer_guard_partitions'"
    )
    yield _verdict(
        "partitions made by hand",
        [] if enabled == [("A",)] else ["no event trigger guards them"],
        "are guarded by an event trigger",
        "after making or attaching one: select telemetry.guard_partitions(); "
        "a superuser's migrate of a new database makes the event trigger",
        status="warn",
    )


def _object_storage(settings: Settings) -> Check:
    try:
        BlobStore.from_settings(settings).check()
    except PylayerError as error:
        return _failed("object storage", error)
    return Check(name="object storage", status="ok", detail=f"the bucket {settings.s3_bucket} answers")
