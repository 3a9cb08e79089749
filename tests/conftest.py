"""The servers that all tests share, and a fresh migrated database for each test.

One Postgres and one S3 server run per pytest run, fsync off: the controller starts them, its xdist
workers use them. Each worker migrates one template database; `dsn` is a copy of it, made per test.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import settings as hypothesis_settings
from psycopg import Connection
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import dict_row
from pytest_postgresql import factories

import pylayer
from pylayer.config import Settings
from pylayer.embedded import Stack, stack_environment
from pylayer.migrate import migrate

hypothesis_settings.register_profile("shared_machine", deadline=None)  # others take its time, not the example
hypothesis_settings.load_profile("shared_machine")

_SHARED_HOME = "PYLAYER_TEST_HOME"
_STARTED_STACK = pytest.StashKey[Stack]()


def pytest_configure(config: pytest.Config) -> None:
    """Start the shared servers (in the controller), and tell pytest-postgresql where they are."""
    for name in [name for field in Settings.model_fields.values() for name in field.validation_alias.choices]:
        os.environ.pop(name, None)
    if config.option.collectonly:
        return
    if not hasattr(config, "workerinput"):
        home = Path(tempfile.mkdtemp(prefix="pylayer-tests-"))
        config.stash[_STARTED_STACK] = Stack(home, durable=False)
        config.stash[_STARTED_STACK].up(migrate=False)
        os.environ[_SHARED_HOME] = str(home)
    home = Path(os.environ[_SHARED_HOME])
    os.environ["PYLAYER_HOME"] = str(home / "unused")
    server = conninfo_to_dict(stack_environment(home)["DATABASE_URL"])
    for name in ("host", "port", "user", "password"):
        setattr(config.option, f"postgresql_{name}", server[name])


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the shared servers."""
    if stack := config.stash.get(_STARTED_STACK, None):
        stack.down()
        shutil.rmtree(stack.home.path)


def _url(host: str, port: int | str, user: str, password: str, dbname: str) -> str:
    return f"postgresql://{user}:{password}@{host}:{port}/{dbname}"


def _migrate_template(
    *, host: str, port: int | str, user: str, password: str, dbname: str, **_: object
) -> None:
    migrate(_url(host, port, user, password, dbname))


template = factories.postgresql_noproc(load=[_migrate_template])
database = factories.postgresql("template")


@pytest.fixture
def dsn(database: Connection[Any]) -> str:
    """Connection string (superuser) of a fresh, migrated database."""
    info = database.info
    return _url(info.host, info.port, info.user, info.password, info.dbname)


@pytest.fixture
def conn(dsn: str) -> Iterator[Connection[dict[str, Any]]]:
    """An autocommit connection to `dsn` whose rows are dicts."""
    with psycopg.connect(dsn, autocommit=True, row_factory=dict_row) as connection:
        yield connection


@pytest.fixture(scope="session")
def s3_settings() -> dict[str, str]:
    """The shared S3 server's variables: ``AWS_ENDPOINT_URL_S3``, keys, region and ``S3_BUCKET``."""
    environment = stack_environment(Path(os.environ[_SHARED_HOME]))
    return {name: value for name, value in environment.items() if name.startswith(("AWS_", "S3_"))}


@pytest.fixture
def settings(dsn: str, s3_settings: dict[str, str]) -> Settings:
    """Settings for the fresh database and the shared S3 server."""
    return Settings(DATABASE_URL=dsn, **s3_settings)


@pytest.fixture
def client(settings: Settings) -> Iterator[pylayer.Client]:
    """A client on the fresh database and the shared S3 server."""
    with pylayer.connect(settings=settings) as connected:
        yield connected


@pytest.fixture
def durable_stack(tmp_path: Path) -> Iterator[Stack]:
    """A private, migrated, running stack with fsync on, for tests that kill its servers."""
    stack = Stack(tmp_path / "stack")
    stack.up()
    yield stack
    stack.down()
