"""`Stack`: Postgres and S3 of one data directory, started and stopped together."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from pylayer.embedded.postgres import Postgres
from pylayer.embedded.s3 import BUCKET, REGION, S3
from pylayer.embedded.state import Home, State

__all__ = ["Stack", "StackInfo", "stack_environment"]


@dataclass(frozen=True, slots=True)
class StackInfo:
    """What `Stack.up` did and where the servers are.

    Attributes:
        home: the data directory, absolute.
        started: names of the servers that this call started; empty when all ran already.
        environment: the variables that a client needs, passwords included.
    """

    home: Path
    started: tuple[str, ...]
    environment: dict[str, str]

    @property
    def database_url(self) -> str:
        """The connection string."""
        return self.environment["DATABASE_URL"]


class Stack:
    """The embedded stack of one data directory.

    Args:
        home: the data directory; made with mode 0700 where it does not exist.
        durable: False turns Postgres' fsync off, for tests that throw the data away.

    Example:
        >>> stack = Stack(Path(".pylayer"))                                     # doctest: +SKIP
        >>> stack.up().database_url                                             # doctest: +SKIP
    """

    def __init__(self, home: Path, *, durable: bool = True) -> None:
        self.home = Home(home.absolute())
        self._postgres = Postgres(self.home, durable=durable)
        self._s3 = S3(self.home)

    def up(self, *, migrate: bool = True) -> StackInfo:
        """Start what does not run, wait until it answers, migrate and seed. Safe to repeat, also at once.

        Args:
            migrate: bring the database to the newest schema, and load the prices of models that it lacks.

        Raises:
            Unavailable: a server does not start, or a program is missing; the hint says how to get it.
            Conflict: the data belongs to another major version of Postgres, or the state file is damaged.
        """
        self.home.create()
        with self.home.locked():
            state = self.home.load() or State()
            self.home.save(state)
            try:
                started = [
                    name
                    for name, server in (("postgres", self._postgres), ("s3", self._s3))
                    if server.start(state)
                ]
            finally:
                self.home.save(state)
            environment = self._environment(state)
            if migrate:
                migrations = import_module("pylayer.migrate")
                migrations.migrate(environment["DATABASE_URL"])
                migrations.seed(environment["DATABASE_URL"])
        return StackInfo(self.home.path, tuple(started), environment)

    def down(self) -> tuple[str, ...]:
        """Stop the servers of this data directory, and no others; return the names of those that ran."""
        if not self.home.state_file.exists():
            return ()
        with self.home.locked():
            state = self.home.load() or State()
            try:
                return tuple(
                    name
                    for name, server in (("s3", self._s3), ("postgres", self._postgres))
                    if server.stop(state)
                )
            finally:
                self.home.save(state)

    def environment(self) -> dict[str, str]:
        """Return the environment of the running stack, by variable name; empty when Postgres does not run."""
        state = self.home.load()
        return self._environment(state) if state and state.postgres.running else {}

    def _environment(self, state: State) -> dict[str, str]:
        return {
            "DATABASE_URL": self._postgres.url(state),
            "AWS_ENDPOINT_URL_S3": self._s3.endpoint(state),
            "AWS_ACCESS_KEY_ID": state.s3_access_key,
            "AWS_SECRET_ACCESS_KEY": state.s3_secret_key,
            "AWS_REGION": REGION,
            "S3_BUCKET": BUCKET,
            "S3_FORCE_PATH_STYLE": "true",
        }


def stack_environment(home: Path) -> dict[str, str]:
    """Return the environment of the stack that runs in ``home``, or an empty dict."""
    return Stack(home).environment()
