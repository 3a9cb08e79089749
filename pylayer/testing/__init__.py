"""A pytest plugin: each test gets a private, real, migrated database, within milliseconds.

It is found by itself (entry point ``pytest11``), needs the extra ``testing``, and does nothing until a test
asks for one of its fixtures:

    def test_order(pylayer_client):
        pylayer_client.artifacts.write(type="report", content="# All well")

`pylayer_db` is the connection string of the database, `pylayer_settings` what clients are made with,
`pylayer_client` a client. The server is that of ``DATABASE_URL`` when it is set, else an embedded Postgres
(and S3 server) that lives as long as the run. The workers of pytest-xdist share it.
"""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest
from pydantic import SecretStr

from pylayer.client import Client, connect
from pylayer.config import Settings
from pylayer.testing.databases import Template
from pylayer.testing.run import HOME, Run

__all__ = [
    "pylayer_client",
    "pylayer_db",
    "pylayer_settings",
    "pylayer_template",
    "pytest_configure",
    "pytest_unconfigure",
]

_RUN = pytest.StashKey[tuple[Run, str | None]]()


def pytest_configure(config: pytest.Config) -> None:
    """Name the run, in the environment that its xdist workers inherit."""
    if not hasattr(config, "workerinput"):
        run = Run.new()
        config.stash[_RUN] = run, os.environ.get(HOME)
        os.environ[HOME] = str(run.home)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove what the run made, once its workers have ended."""
    if found := config.stash.get(_RUN, None):
        run, outer = found
        os.environ.pop(HOME, None)
        if outer is not None:
            os.environ[HOME] = outer
        run.end()


@pytest.fixture(scope="session")
def pylayer_template() -> Generator[Template]:
    """Migrate the database that those of all tests are copies of, once a run."""
    run = Run.current()
    with Template.made(run.settings(), run.prefix) as template:
        yield template


@pytest.fixture
def pylayer_db(pylayer_template: Template) -> Generator[str]:
    """Yield the URL of a private, migrated database with a right to do everything in it."""
    with pylayer_template.copy() as url:
        yield url


@pytest.fixture
def pylayer_settings(pylayer_db: str, pylayer_template: Template) -> Settings:
    """Return settings for the private database, and the object storage that the run has.

    Async tests connect with them: ``async with await pylayer.connect_async(settings=pylayer_settings)``.
    """
    changes = {"database_url": SecretStr(pylayer_db), "database_direct_url": None}
    return pylayer_template.settings.model_copy(update=changes)


@pytest.fixture
def pylayer_client(pylayer_settings: Settings) -> Generator[Client]:
    """Yield a client of the private database."""
    with connect(settings=pylayer_settings) as client:
        yield client
