"""A migrated database, and copies of it: what Postgres copies is ready within milliseconds."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from urllib.parse import quote, urlencode

import psycopg
from psycopg import Connection, sql
from psycopg.conninfo import conninfo_to_dict

from pylayer.config import Settings
from pylayer.errors import translated
from pylayer.migrate import migrate, seed

__all__ = ["Template", "drop_all", "with_database"]


@dataclass(frozen=True, slots=True)
class Template:
    """The migrated database of a run, with the prices of models; nobody connects to it.

    Attributes:
        settings: of its server.
        name: of the database; the names of copies begin with it.
        connection: to another database of the server.
    """

    settings: Settings
    name: str
    connection: Connection[Any]
    _numbers: count[int] = field(default_factory=count)

    @classmethod
    @contextmanager
    def made(cls, settings: Settings, name: str) -> Generator[Template]:
        """Make the database, unless another process of the run has.

        Raises:
            Forbidden: the login may not create databases.
            InvalidInput: the server lacks what a migration needs.
        """
        server = settings.require_database_url(direct=True)
        with translated(), psycopg.connect(server, autocommit=True) as connection:
            connection.execute("select pg_advisory_lock(hashtextextended(%s, 0))", [name])
            if not _is_complete(connection, name):
                _drop(connection, name)
                _create(connection, name)
                url = with_database(server, name)
                migrate(url)
                seed(url)
                connection.execute(_statement("alter database {} with allow_connections false", name))
            connection.execute("select pg_advisory_unlock(hashtextextended(%s, 0))", [name])
            yield cls(settings, name, connection)

    @contextmanager
    def copy(self) -> Generator[str]:
        """Yield the URL of a copy, which is dropped at the end, whoever is still connected."""
        name = f"{self.name}_{os.getpid()}_{next(self._numbers)}"
        with translated():
            self.connection.execute(_statement("create database {} template {}", name, self.name))
        try:
            yield with_database(self.settings.require_database_url(direct=True), name)
        finally:
            _drop(self.connection, name)


def drop_all(server: str, prefix: str) -> None:
    """Drop the databases whose names begin with ``prefix``."""
    with psycopg.connect(server, autocommit=True) as connection:
        query = "select datname from pg_database where starts_with(datname, %s)"
        for (name,) in connection.execute(query, [prefix]).fetchall():
            _drop(connection, name)


def with_database(url: str, name: str) -> str:
    """Return the URL of another database of a server.

    Example:
        >>> with_database("host=localhost user=me dbname=app", "other")
        'postgresql://me@localhost/other'
    """
    parts = {key: str(value) for key, value in conninfo_to_dict(url).items() if value is not None}
    parts.pop("dbname", None)
    login = ":".join(quote(parts.pop(key), safe="") for key in ("user", "password") if key in parts)
    address = ""
    if not {"/", ",", ":"} & set(
        parts.get("host", "")
    ):  # a folder, several, IPv6: libpq reads them as parameters
        address = ":".join(parts.pop(key) for key in ("host", "port") if key in parts)
    query = f"?{urlencode(parts, quote_via=quote)}" if parts else ""
    return f"postgresql://{login}{'@' if login else ''}{address}/{quote(name, safe='')}{query}"


def _is_complete(connection: Connection[Any], name: str) -> bool:
    """Whether the database is there and closed: one that its maker was killed over is still open."""
    query = "select not datallowconn from pg_database where datname = %s"
    found = connection.execute(query, [name]).fetchone()
    return bool(found and found[0])


def _create(connection: Connection[Any], name: str) -> None:
    connection.execute(_statement("create database {}", name))


def _drop(connection: Connection[Any], name: str) -> None:
    connection.execute(_statement("drop database if exists {} with (force)", name))


def _statement(text: str, *names: str) -> sql.Composed:
    return sql.SQL(text).format(*map(sql.Identifier, names))  # pyright: ignore[reportArgumentType]
