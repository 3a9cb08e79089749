"""The database of a command, and the program's own name in what it prints."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from pylayer.client import Client, connect
from pylayer.config import Settings
from pylayer.errors import PylayerError, Unavailable, translated

__all__ = ["connected", "one_line", "program"]

_TIMEOUT_SECONDS = 10


@contextmanager
def connected(settings: Settings | None = None, *, direct: bool = False) -> Generator[Client]:
    """Connect for one command, once the server has answered.

    A pool tries again in the background, and tells of it in the log; a person wants the reason at once.

    Raises:
        InvalidInput: no database is configured.
        Unavailable: the server does not answer, or refuses the login.
    """
    settings = settings or Settings.load()
    url = settings.require_database_url(direct=direct)
    try:
        with translated():
            psycopg.connect(url, connect_timeout=_TIMEOUT_SECONDS).close()
    except Unavailable as error:
        raise Unavailable(
            "the database server does not answer, or refuses the login",
            code=error.code,
            reason="no_connection",
            detail=" ".join(error.message.split()),
            hint="check DATABASE_URL and the server, then: pylayer doctor",
        ) from error
    with connect(url, settings=settings) as client:
        yield client


def one_line(error: Exception) -> PylayerError:
    """Return what a fault that no table names says, as an error of one line."""
    code = error.sqlstate if isinstance(error, psycopg.Error) else None
    return PylayerError(" ".join(str(error).split()) or type(error).__name__, code=code)


def program() -> str:
    """Return how a shell in this folder calls this program: ``pylayer`` where the PATH has this very one."""
    own = Path(sys.executable).parent / "pylayer"
    found = shutil.which("pylayer")
    if not own.exists() or (found and Path(found).resolve() == own.resolve()):
        return "pylayer"
    here = Path.cwd()
    return shlex.quote(str(own.relative_to(here) if own.is_relative_to(here) else own))
