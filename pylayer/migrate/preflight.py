"""What a server must be before migrations change anything: version, encoding, extensions, rights."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from psycopg import sql

from pylayer.errors import Forbidden, InvalidInput, PylayerError
from pylayer.migrate.session import Session

__all__ = [
    "MINIMUM_SERVER",
    "REQUIRED",
    "Extension",
    "check",
    "create",
    "extension_problem",
    "server_problems",
]

MINIMUM_SERVER = 180000


@dataclass(frozen=True, slots=True)
class Extension:
    """An extension that the schema stands on; ``packages`` says how to get its files."""

    name: str
    schema: str
    minimum: tuple[int, ...]
    packages: str

    @property
    def creation(self) -> str:
        """The statements by which a superuser creates it."""
        return f"create schema if not exists {self.schema}; create extension {self.name} schema {self.schema}"

    @property
    def grants(self) -> str:
        """The statements by which a superuser lets a migrating role use it and pass the use on."""
        where, to = self.schema, "to <role> with grant option"
        return (
            f"grant usage, create on schema {where} {to}; "
            f"grant select, insert, update, delete on all tables in schema {where} {to}; "
            f"grant execute on all routines in schema {where} {to}"
        )


REQUIRED = (
    Extension(
        name="pg_partman",
        schema="partman",
        minimum=(5, 2),
        packages="Debian and PGDG: the package postgresql-18-partman; "
        "the embedded server: python -m pylayer.embedded.packages, in a clone make setup",
    ),
)


@dataclass(frozen=True, slots=True)
class _State:
    available: str | None
    installed: str | None
    schema: str | None


def server_problems(connection: Session) -> Iterator[PylayerError]:
    """Yield what is wrong with the server itself."""
    version = connection.info.server_version
    if version < MINIMUM_SERVER:
        yield InvalidInput(
            "the server is older than PostgreSQL 18",
            reason="server_version",
            detail=f"{version // 10000}.{version % 10000}",
            hint="use PostgreSQL 18 or newer",
        )
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        yield InvalidInput(
            "the database's encoding is not UTF8",
            reason="server_encoding",
            detail=encoding,
            hint="create the database with: create database NAME encoding 'UTF8' template template0",
        )


def extension_problem(connection: Session, extension: Extension) -> PylayerError | None:
    """Return what is wrong with an extension that must be there, None when nothing is."""
    return _problem(extension, _state(connection, extension))


def check(connection: Session) -> list[Extension]:
    """Check the server; changes nothing.

    Returns:
        The extensions to create: the server has them, the database has not, the role is a superuser.

    Raises:
        InvalidInput: ``server_version``, ``server_encoding``, ``missing_extension``, ``extension_version`` or
            ``extension_schema``.
        Forbidden: ``missing_right``.
    """
    for problem in server_problems(connection):
        raise problem
    superuser = _is_superuser(connection)
    wanted: list[Extension] = []
    for extension in REQUIRED:
        state = _state(connection, extension)
        if superuser and state.installed is None and state.available is not None:
            wanted.append(extension)
            state = _State(state.available, state.available, extension.schema)
        if problem := _problem(extension, state):
            raise problem
    _require_rights(connection)
    for extension in REQUIRED:
        _require_grants(connection, extension)
    return wanted


def create(connection: Session, extension: Extension) -> None:
    """Create an extension in its schema."""
    name, schema = sql.Identifier(extension.name), sql.Identifier(extension.schema)
    with connection.transaction():
        connection.execute(sql.SQL("create schema if not exists {}").format(schema))
        connection.execute(sql.SQL("create extension {} schema {}").format(name, schema))


def _problem(extension: Extension, state: _State) -> PylayerError | None:
    if state.installed is None:
        how = "" if state.available else f"install its files first ({extension.packages}); "
        return InvalidInput(
            f"the extension {extension.name} is missing",
            reason="missing_extension",
            detail=extension.name,
            hint=f"{how}as a superuser: {extension.creation}; "
            f"for a migrating role that is not one: {extension.grants}",
        )
    if _version(state.installed) < extension.minimum:
        return InvalidInput(
            f"the extension {extension.name} is too old",
            reason="extension_version",
            detail=f"{state.installed}, needed {'.'.join(map(str, extension.minimum))}",
            hint=f"install newer files ({extension.packages}), then: alter extension {extension.name} update",
        )
    if state.schema != extension.schema:
        return InvalidInput(
            f"the extension {extension.name} is in another schema",
            reason="extension_schema",
            detail=state.schema,
            hint=f"drop it, then as a superuser: {extension.creation}",
        )
    return None


def _state(connection: Session, extension: Extension) -> _State:
    row = connection.execute(
        """
        select
          (select a.default_version from pg_available_extensions as a where a.name = %(name)s),
          (select e.extversion from pg_extension as e where e.extname = %(name)s),
          (select e.extnamespace::regnamespace::text from pg_extension as e where e.extname = %(name)s)
        """,
        {"name": extension.name},
    ).fetchone()
    return _State(*(row or (None, None, None)))


def _require_rights(connection: Session) -> None:
    row = connection.execute(
        """
        select array_remove(array[
          case when not has_database_privilege(current_database(), 'create')
            then 'CREATE on the database' end,
          case when to_regnamespace('public') is null then 'a schema public'
            when not has_schema_privilege('public', 'create') then 'CREATE on schema public' end,
          case when not r.rolsuper and not r.rolcreaterole and to_regrole('pylayer_owner') is null
            then 'CREATEROLE' end
        ], null)
        from pg_roles as r
        where r.rolname = current_user
        """
    ).fetchone()
    if row and row[0]:
        raise Forbidden(
            "the migrating role lacks a right",
            reason="missing_right",
            detail=", ".join(row[0]),
            hint="let the role own the database and have CREATEROLE",
        )


def _require_grants(connection: Session, extension: Extension) -> None:
    row = connection.execute(
        """
        select has_schema_privilege(e.extnamespace, 'usage with grant option')
          and has_schema_privilege(e.extnamespace, 'create with grant option')
          and not exists (
            select
            from pg_depend as d
            join pg_class as c on c.oid = d.objid and c.relkind in ('r', 'v')
            cross join unnest(array['select', 'insert', 'update', 'delete']) as p (privilege)
            where d.classid = 'pg_class'::regclass and d.deptype = 'e'
              and d.refclassid = 'pg_extension'::regclass and d.refobjid = e.oid
              and not has_table_privilege(c.oid, p.privilege || ' with grant option')
          )
        from pg_extension as e
        where e.extname = %s
        """,
        (extension.name,),
    ).fetchone()
    if row and not row[0]:
        raise Forbidden(
            f"the migrating role may not pass on the use of the extension {extension.name}",
            reason="missing_right",
            detail=extension.schema,
            hint=f"as a superuser: {extension.grants}",
        )


def _is_superuser(connection: Session) -> bool:
    row = connection.execute("select rolsuper from pg_roles where rolname = current_user").fetchone()
    return bool(row and row[0])


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".") if part.isdigit())
