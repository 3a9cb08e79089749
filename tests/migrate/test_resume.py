"""Runners that are killed at named points, and runners that meet."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable

import psycopg
import pytest

from pylayer.errors import Retryable
from pylayer.migrate import Report, migrate, rollback
from pylayer.migrate.session import LOCK_KEY
from tests.waiting import wait_until

from .toy import FILES, Toy

PAUSE = "\nselect pg_sleep(seconds) from public.pause;"
RUN = """
import sys
from pathlib import Path
from pylayer.migrate import migrate
migrate(sys.argv[1], db=Path(sys.argv[2]))
"""
DIE_AT = """
import os, signal, sys
from pathlib import Path
from pylayer.migrate import {function}
def progress(line):
    if line == {line!r}:
        os.kill(os.getpid(), signal.SIGKILL)
{function}(sys.argv[1], db=Path(sys.argv[2]), to={to}, progress=progress)
"""
SLEEPING = (
    "select count(*) from pg_stat_activity where wait_event = 'PgSleep' and datname = current_database()"
)


def fresh_dump(toy: Toy, make_database: Callable[[], str], dump: Callable[[str], str]) -> str:
    dsn = make_database()
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("create table public.pause (seconds integer)")
    migrate(dsn, db=toy.db)
    return dump(dsn)


@pytest.mark.parametrize(
    "path", ["migrations/0001.core.sql", "migrations/0002.tags.sql", "functions/core/stamp.sql"]
)
def test_killed_while_a_statement_runs(
    toy: Toy, make_database: Callable[[], str], dump: Callable[[str], str], path: str
) -> None:
    toy.rows("create table public.pause (seconds integer)")
    toy.rows("insert into public.pause values (60)")
    toy.write(path, FILES[path] + PAUSE)
    runner = toy.start(RUN)
    wait_until(lambda: toy.value(SLEEPING) == 1)
    toy.rows("delete from public.pause")
    runner.kill()
    assert runner.wait() == -signal.SIGKILL
    assert toy.migrate().version == 2
    assert toy.value(SLEEPING) == 0, "the killed runner's statement ended before the next runner began"
    assert dump(toy.dsn) == fresh_dump(toy, make_database, dump)
    assert toy.migrate().already_current


@pytest.mark.parametrize(
    "line",
    [
        "creating the extension pg_partman",
        "applying migrations/0001.core.sql",
        "applying migrations/0002.tags.sql",
        "applying functions/core/once.sql",
        "applying views/core/tagged.sql",
    ],
)
def test_killed_between_steps(
    toy: Toy, make_database: Callable[[], str], dump: Callable[[str], str], line: str
) -> None:
    toy.rows("create table public.pause (seconds integer)")
    assert toy.start(DIE_AT.format(function="migrate", line=line, to=None)).wait() == -signal.SIGKILL
    assert toy.migrate().version == 2
    assert dump(toy.dsn) == fresh_dump(toy, make_database, dump)


@pytest.mark.parametrize(
    "line",
    [
        "dropping functions and views",
        "rolling back migrations/0002.tags.sql",
        "rolling back migrations/0001.core.sql",
    ],
)
def test_rollback_killed_between_steps(toy: Toy, dump: Callable[[str], str], line: str) -> None:
    toy.migrate()
    head = dump(toy.dsn)
    assert toy.start(DIE_AT.format(function="rollback", line=line, to=0)).wait() == -signal.SIGKILL
    assert toy.migrate().version == 2
    assert dump(toy.dsn) == head
    assert toy.start(DIE_AT.format(function="rollback", line=line, to=0)).wait() == -signal.SIGKILL
    assert rollback(toy.dsn, db=toy.db, to=0).version == 0
    assert toy.value("select to_regnamespace('core') is null")


def test_mark_hash_and_steps_are_one_transaction(toy: Toy) -> None:
    toy.migrate(to=1)
    toy.rows(
        "create function public.refuse() returns trigger language plpgsql as $$ begin raise 'no'; end $$"
    )
    toy.rows("create trigger refuse before insert on public._yoyo_log execute function public.refuse()")
    with pytest.raises(Exception, match="no"):
        toy.migrate()
    assert toy.value("select count(*) from public._yoyo_migration") == 1
    assert toy.value("select count(*) from core.schema_files") == 1
    assert (
        toy.value(
            "select count(*) from pg_attribute where attrelid = 'core.notes'::regclass and attname = 'tag'"
        )
        == 0
    )


def test_two_at_once(toy: Toy) -> None:
    waiting = threading.Event()
    reports: list[Report] = []

    def second() -> None:
        reports.append(
            migrate(toy.dsn, db=toy.db, progress=lambda line: waiting.set() if "waiting" in line else None)
        )

    def first_is_in(line: str) -> None:
        if line == "applying migrations/0002.tags.sql":
            thread.start()
            assert waiting.wait(60)

    thread = threading.Thread(target=second)
    first = migrate(toy.dsn, db=toy.db, progress=first_is_in)
    thread.join()
    assert first.applied == ("migrations/0001.core.sql", "migrations/0002.tags.sql")
    assert reports[0].already_current


def test_waiting_ends(toy: Toy) -> None:
    with psycopg.connect(toy.dsn, autocommit=True) as other:
        other.execute("select pg_advisory_lock(%s)", (LOCK_KEY,))
        with pytest.raises(Retryable) as caught:
            toy.migrate(wait=0.3)
    assert caught.value.reason == "migration_running"
    assert toy.migrate().version == 2
