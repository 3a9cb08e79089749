"""A small tree of SQL files, and an empty database to migrate with it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psycopg

from pylayer.migrate import Report, migrate, rollback

MIGRATION_1 = """
create schema core;
create table core.schema_files (
  path text primary key,
  kind text not null check (kind in ('migration', 'function', 'view')),
  sha256 text not null,
  applied_at timestamptz not null default now(),
  identity text[]
);
create table core.notes (id integer primary key, body text);
"""
ROLLBACK_1 = "drop table core.notes; drop table core.schema_files; drop schema core;"
MIGRATION_2 = "alter table core.notes add column tag text;"
ROLLBACK_2 = "alter table core.notes drop column tag;"
TWICE = """
create or replace function core.twice(p_x integer) returns integer
language sql immutable set search_path = pg_catalog, pg_temp as $$ select core.once(p_x) + p_x $$;
comment on function core.twice(integer) is 'Twice a number, 100% of the time';
revoke all on function core.twice(integer) from public;
"""
ONCE = """
create or replace function core.once(p_x integer) returns integer
language sql immutable set search_path = pg_catalog, pg_temp as $$ select p_x $$;
"""
STAMP = """
create or replace function core.stamp() returns trigger language plpgsql as $$
begin
  new.tag := 'stamped';
  return new;
end $$;
create or replace trigger stamp before insert on core.notes for each row execute function core.stamp();
"""
TAGGED = "create or replace view core.tagged as select id, core.twice(id) as double from core.notes;"


class Toy:
    """A `db` folder on disk and an empty database."""

    def __init__(self, db: Path, dsn: str) -> None:
        self.db = db
        self.dsn = dsn

    def write(self, path: str, text: str) -> None:
        file = self.db / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def remove(self, path: str) -> None:
        (self.db / path).unlink()

    def migrate(self, to: int | None = None, *, wait: float = 20.0, lock_timeout: float = 5.0) -> Report:
        return migrate(self.dsn, to=to, db=self.db, wait=wait, lock_timeout=lock_timeout)

    def rollback(self, *, steps: int | None = None, to: int | None = None) -> Report:
        return rollback(self.dsn, steps=steps, to=to, db=self.db)

    def rows(self, query: str) -> list[tuple[object, ...]]:
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            cursor = connection.execute(query.encode())
            return cursor.fetchall() if cursor.description else []

    def value(self, query: str) -> object:
        return self.rows(query)[0][0]

    def start(self, program: str) -> subprocess.Popen[str]:
        """Start a Python program that migrates in a process of its own; its arguments are dsn and folder."""
        return subprocess.Popen([sys.executable, "-c", program, self.dsn, str(self.db)], text=True)


FILES = {
    "migrations/0001.core.sql": MIGRATION_1,
    "migrations/0001.core.rollback.sql": ROLLBACK_1,
    "migrations/0002.tags.sql": MIGRATION_2,
    "migrations/0002.tags.rollback.sql": ROLLBACK_2,
    "functions/core/once.sql": ONCE,
    "functions/core/stamp.sql": STAMP,
    "functions/core/twice.sql": TWICE,
    "views/core/tagged.sql": TAGGED,
}
