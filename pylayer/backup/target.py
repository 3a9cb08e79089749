"""The database that a restore goes to: it must be empty, and know the roles that the dump names."""

from __future__ import annotations

import re

from pylayer.errors import Conflict, Forbidden
from pylayer.migrate import preflight
from pylayer.migrate.session import Session
from pylayer.migrate.tree import default_db

__all__ = ["make_roles", "require_empty"]


def require_empty(connection: Session) -> None:
    """Refuse a database that a dump can't go to; changes nothing.

    Raises:
        Conflict: ``database_not_empty``.
        Forbidden: ``missing_right``, the login is no superuser.
        InvalidInput: the server is too old, or lacks an extension.
    """
    preflight.check(connection)
    row = connection.execute("select current_setting('is_superuser')").fetchone()
    if row != ("on",):
        raise Forbidden(
            "only a superuser can restore extensions, event triggers and owners",
            reason="missing_right",
            hint="give the connection string of a superuser",
        )
    found = connection.execute(
        """
        select concat('schema ', n.nspname) from pg_namespace as n
        where n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'public')
        union all
        select concat('relation ', c.relname) from pg_class as c
        where c.relnamespace = to_regnamespace('public')
        union all
        select concat('function ', p.proname) from pg_proc as p
        where p.pronamespace = to_regnamespace('public')
        union all
        select concat('extension ', e.extname) from pg_extension as e where e.extname <> 'plpgsql'
        limit 3
        """
    ).fetchall()
    if found:
        raise Conflict(
            "the database is not empty",
            reason="database_not_empty",
            detail=", ".join(name for (name,) in found),
            hint="restore into a new one: create database NAME template template0 encoding 'UTF8'",
        )


def make_roles(connection: Session) -> None:
    """Make the roles that every database of pylayer has, as the first migration does: a dump holds none."""
    script = (default_db() / "migrations" / "0001.core.sql").read_text("utf-8")
    block = re.search(r"^do (\$roles\$).*?^\1;$", script, re.DOTALL | re.MULTILINE)
    assert block, "the first migration makes the roles"  # noqa: S101 - it is frozen
    connection.execute(block[0].encode())
