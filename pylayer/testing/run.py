"""A pytest run: which server its databases are on, and that nothing of it remains."""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg

from pylayer.config import Settings
from pylayer.embedded import Stack
from pylayer.embedded.state import Home, write_private
from pylayer.testing.databases import drop_all

__all__ = ["HOME", "Run"]

HOME = "PYLAYER_TESTING_HOME"
"""Variable that tells xdist's workers of their run's folder."""

_MEMORY = Path("/dev/shm")  # noqa: S108 - the folder gets a random name and mode 0700
_ROOM = 4 * 1024**3  # bytes: of logs, databases and objects of tests that are not about size


@dataclass(frozen=True, slots=True)
class Run:
    """One run of pytest, in one or several processes.

    Attributes:
        home: its folder, which is there once a test has asked for a database.
    """

    home: Path

    @classmethod
    def new(cls) -> Run:
        """Name a run; nothing is made yet."""
        return cls(_folder() / f"pylayer-testing-{secrets.token_hex(8)}")

    @classmethod
    def current(cls) -> Run:
        """Return the run that this process belongs to."""
        return cls(Path(os.environ[HOME]))

    @property
    def prefix(self) -> str:
        """What the names of its databases begin with; no other run has it."""
        return self.home.name.replace("-", "_")

    def settings(self) -> Settings:
        """Return where the server is: that of ``DATABASE_URL``, else an embedded stack, started if need be.

        Raises:
            Unavailable: the embedded stack does not start; the hint says what it lacks.
        """
        given = Settings.from_environment()
        Home(self.home).create()
        if given.database_url is None:
            stack = Stack(self.home, durable=False).up(migrate=False)
            return Settings.from_environment(stack.environment)
        write_private(self._server, given.require_database_url(direct=True))
        return given

    def end(self) -> None:
        """Drop its databases, or stop its server."""
        if not self.home.exists():
            return
        if self._server.exists():
            with suppress(psycopg.OperationalError):  # a server that is away has failed the tests already
                drop_all(self._server.read_text("utf-8"), self.prefix)
        Stack(self.home).down()
        shutil.rmtree(self.home)

    @property
    def _server(self) -> Path:
        return self.home / "server"


def _folder() -> Path:
    """Return where the folder is: in memory if there is room, for there a thousand files are made at once."""
    chosen = any(os.environ.get(name) for name in ("TMPDIR", "TEMP", "TMP"))
    if not chosen and os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free >= _ROOM:
        return _MEMORY
    return Path(tempfile.gettempdir())
