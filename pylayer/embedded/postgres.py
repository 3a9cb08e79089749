"""The embedded Postgres: made, started, recognised and stopped by ourselves."""

from __future__ import annotations

import shutil
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import pq, sql
from psycopg.conninfo import make_conninfo

from pylayer.embedded import tuning
from pylayer.embedded.account import Account
from pylayer.embedded.binaries import postgres_folder
from pylayer.embedded.extensions import Extensions
from pylayer.embedded.process import (
    Identity,
    free_port,
    is_free,
    is_zombie,
    launch,
    log_tail,
    processes_in,
    stop,
    wait_until,
)
from pylayer.embedded.state import Home, State, write_private
from pylayer.errors import Conflict, Unavailable

__all__ = ["DATABASE", "Postgres"]

DATABASE = "pylayer"
_START_SECONDS = 600.0  # crash recovery replays up to max_wal_size
_LEFTOVER_SECONDS = 2.0
_PORT_ATTEMPTS = 3
_STOP_STEPS = ((signal.SIGINT, 60.0), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 10.0))


@dataclass(frozen=True, slots=True)
class Postgres:
    """Postgres in ``home/postgres``, on 127.0.0.1 only, with a password.

    Attributes:
        home: the stack's data directory.
        durable: False turns fsync off, for tests that throw the data away.
    """

    home: Home
    durable: bool = True

    @property
    def data(self) -> Path:
        """The cluster's directory."""
        return self.home.path / "postgres" / "data"

    def url(self, state: State, database: str = DATABASE) -> str:
        """Return the connection string of the superuser."""
        return f"postgresql://postgres:{state.postgres_password}@127.0.0.1:{state.postgres.port}/{database}"

    def start(self, state: State) -> bool:
        """Start the server unless it runs; return whether it was started. ``state`` is updated and saved.

        Raises:
            Unavailable: it does not start; the detail is the end of its log.
            Conflict: the data belongs to another major version.
        """
        if not state.postgres.running:
            state.postgres.process = self._untracked()
        started = not state.postgres.running
        if started:
            folder = postgres_folder()
            account = Account.for_servers(self.data)
            self._initialise(folder, account, state)
            self._end_leftovers()
            self._launch(folder, account, state)
        self._await_ready(state)
        self._create_database(state)
        return started

    def stop(self, state: State) -> bool:
        """Stop the server (a fast shutdown) if it runs; return whether it did."""
        process = state.postgres.process if state.postgres.running else self._untracked()
        if process is not None:
            stop(process, *_STOP_STEPS)
            self._end_leftovers()
        state.postgres.process = None
        return process is not None

    def _untracked(self) -> Identity | None:
        """Find a postmaster of this very directory that was started but not recorded."""
        pid = self._locked_by()
        if pid is None:
            return None
        return next((found for found in processes_in(self.data, "postgres") if found.pid == pid), None)

    def _locked_by(self) -> int | None:
        """Return the pid in the lock file of the data directory."""
        try:
            return int((self.data / "postmaster.pid").read_text().partition("\n")[0])
        except (FileNotFoundError, ValueError):
            return None

    def _initialise(self, folder: Path, account: Account, state: State) -> None:
        ours = self.data.parent
        version_file = self.data / "PG_VERSION"
        if version_file.exists():
            self._check_version(folder, version_file.read_text().strip())
            return
        ours.mkdir(mode=0o700, exist_ok=True)
        account.own(ours)
        password_file = ours / "password"
        unfinished = ours / "new"
        if unfinished.exists():  # an earlier initdb was killed
            shutil.rmtree(unfinished)
        write_private(password_file, state.postgres_password + "\n")
        account.own(password_file)
        try:
            _run(
                [
                    str(folder / "bin" / "initdb"),
                    f"--pgdata={unfinished}",
                    f"--pwfile={password_file}",
                    *("--username=postgres", "--auth=scram-sha-256", "--encoding=UTF8"),
                    *("--locale-provider=builtin", "--locale=C.UTF-8"),
                    *(() if self.durable else ("--no-sync",)),
                ],
                account.prefix([folder / "bin", ours]),
            )
        finally:
            password_file.unlink(missing_ok=True)
        unfinished.rename(self.data)

    def _check_version(self, folder: Path, found: str) -> None:
        output = _run([str(folder / "bin" / "postgres"), "--version"], [])
        ours = output.split()[-1].partition(".")[0]
        if found != ours:
            raise Conflict(
                f"the data directory belongs to PostgreSQL {found}, the installed one is {ours}",
                reason="other_major_version",
                detail=str(self.data),
                hint="use another --data-dir and restore a dump into it, or install the matching version",
            )

    def _end_leftovers(self) -> None:
        """End backends that outlived a killed postmaster: they hold the shared memory."""
        gone = wait_until(lambda: not processes_in(self.data, "postgres"), seconds=_LEFTOVER_SECONDS)
        for leftover in () if gone else processes_in(self.data, "postgres"):
            stop(leftover, (signal.SIGKILL, 10.0))
        pid = self._locked_by()
        if pid is not None and is_zombie(pid):  # Postgres takes it for alive; nobody may ever reap it
            (self.data / "postmaster.pid").unlink()

    def _launch(self, folder: Path, account: Account, state: State) -> None:
        extensions = Extensions.find()
        reads = [folder / "bin", self.data.parent, *extensions.folders]
        config = self.home.path / "postgresql.conf"
        command = [
            *account.prefix(reads),
            str(folder / "bin" / "postgres"),
            "-D",
            str(self.data),
            f"--config-file={config}",
        ]
        for _ in range(_PORT_ATTEMPTS):
            state.postgres.port = free_port(state.postgres.port)
            write_private(config, self._configuration(folder, extensions, state.postgres.port), mode=0o644)
            state.postgres.process = launch(
                command, cwd=Path("/"), log=self._log, environment={"LC_ALL": "C"}
            )
            self.home.save(state)
            if self._listens(state) or is_free(state.postgres.port):
                return

    def _configuration(self, folder: Path, extensions: Extensions, port: int) -> str:
        values = tuning.settings(tuning.machine_memory(), durable=self.durable)
        values |= {"listen_addresses": "127.0.0.1", "port": str(port), "unix_socket_directories": ""}
        if (folder / "lib" / "pg_stat_statements.so").exists():
            values["shared_preload_libraries"] = "pg_stat_statements"
        values |= extensions.settings()
        return _as_file(values)

    @property
    def _log(self) -> Path:
        return self.home.log("postgres")

    def _listens(self, state: State) -> bool:
        """Wait for an answer; False when the server ended instead."""
        process = state.postgres.process
        target = self._target(state).encode()
        wait_until(
            lambda: process is None or not process.alive or pq.PGconn.ping(target) == pq.Ping.OK,
            seconds=_START_SECONDS,
        )
        return process is not None and process.alive

    def _target(self, state: State) -> str:
        return make_conninfo(self.url(state, "postgres"), connect_timeout=5)

    def _await_ready(self, state: State) -> None:
        if not self._listens(state):
            raise Unavailable(
                "Postgres did not start",
                reason="start_failed",
                detail=log_tail(self._log),
                hint=f"see {self._log}",
            )

    def _create_database(self, state: State) -> None:
        try:
            with psycopg.connect(self._target(state), autocommit=True) as connection:
                if not connection.execute("select from pg_database where datname = %s", [DATABASE]).rowcount:
                    connection.execute(sql.SQL("create database {}").format(sql.Identifier(DATABASE)))
        except psycopg.OperationalError as error:
            raise Unavailable(
                "Postgres runs, but can't be used", reason="not_usable", detail=str(error).strip()
            ) from error


def _as_file(values: Mapping[str, str]) -> str:
    """Write settings in the syntax of postgresql.conf."""
    quoted = {name: value.replace("\\", "\\\\").replace("'", "''") for name, value in values.items()}
    lines = [f"{name} = '{value}'" for name, value in quoted.items()]
    return "\n".join(["# Rewritten by `pylayer up`. Keep your own settings with ALTER SYSTEM.", *lines, ""])


def _run(command: list[str], prefix: list[str]) -> str:
    result = subprocess.run(
        [*prefix, *command],
        cwd="/",
        env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode:
        raise Unavailable(
            f"{Path(command[0]).name} failed", reason="start_failed", detail=result.stderr.strip()[-2000:]
        )
    return result.stdout
