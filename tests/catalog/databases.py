"""A copy of the migrated template database that tests share which only read, or roll back."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo


@contextmanager
def copy_of(template: Any, purpose: str) -> Generator[str]:
    """Copy the database of the fixture ``template`` and yield the copy's connection string (superuser)."""
    server = make_conninfo(
        host=template.host, port=template.port, user=template.user, password=template.password
    )
    name = f"{template.template_dbname}_{purpose}"
    drop = sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name))
    create = sql.SQL("create database {} template {}").format(
        sql.Identifier(name), sql.Identifier(template.template_dbname)
    )
    with psycopg.connect(server, dbname="postgres", autocommit=True) as connection:
        connection.execute(drop)
        connection.execute(create)
        try:
            yield make_conninfo(server, dbname=name)
        finally:
            connection.execute(drop)
