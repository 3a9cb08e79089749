"""The state file of a data directory: which processes are ours, on which ports, with which passwords."""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, Field, ValidationError

from pylayer.embedded.process import Identity
from pylayer.errors import Conflict, Forbidden, InvalidInput

__all__ = ["Home", "Server", "State", "write_private"]


class Server(BaseModel):
    """One server: the port it had last, and its process while it runs."""

    port: int | None = None
    process: Identity | None = None

    @property
    def running(self) -> bool:
        """Whether the recorded process is alive."""
        return self.process is not None and self.process.alive


class State(BaseModel):
    """What ``stack.json`` holds. The passwords are made once, with the file."""

    postgres: Server = Field(default_factory=Server)
    s3: Server = Field(default_factory=Server)
    postgres_password: str = Field(default_factory=lambda: secrets.token_hex(16))
    s3_access_key: str = Field(default_factory=lambda: f"pylayer{secrets.token_hex(6)}")
    s3_secret_key: str = Field(default_factory=lambda: secrets.token_hex(20))


def write_private(path: Path, text: str, *, mode: int = 0o600) -> None:
    """Write a file in one step (a reader sees the old text or the new), readable as ``mode`` says."""
    partial = path.with_name(f"{path.name}.{os.getpid()}.new")
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fchmod(descriptor, mode)
        os.fsync(descriptor)
    partial.replace(path)


@dataclass(frozen=True, slots=True)
class Home:
    """The data directory of a stack and the places in it.

    Attributes:
        path: the directory, absolute.
    """

    path: Path

    @property
    def state_file(self) -> Path:
        """``stack.json``, mode 0600."""
        return self.path / "stack.json"

    def log(self, name: str) -> Path:
        """Return the log file of a server."""
        return self.path / "logs" / f"{name}.log"

    def create(self) -> None:
        """Make the directory (mode 0700) and its log folder; one that exists keeps its mode.

        Raises:
            Forbidden: it belongs to another user.
            InvalidInput: it can't be made, or a file has its name.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise InvalidInput(
                "the data directory can't be made",
                reason="bad_directory",
                detail=str(error),
                hint="name another one with --data-dir or PYLAYER_HOME",
            ) from error
        if not os.access(self.path, os.R_OK | os.W_OK | os.X_OK):
            raise Forbidden(
                "the data directory belongs to another user",
                reason="foreign_directory",
                detail=str(self.path),
                hint="name another one with --data-dir or PYLAYER_HOME",
            )
        (self.path / "logs").mkdir(mode=0o700, exist_ok=True)

    @contextmanager
    def locked(self) -> Generator[None]:
        """Hold the directory's lock: two ``up`` at once take turns."""
        with (self.path / "stack.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def load(self) -> State | None:
        """Return the saved state, or None when there is none.

        Raises:
            Conflict: the file is damaged.
        """
        try:
            return State.model_validate_json(self.state_file.read_bytes())
        except FileNotFoundError:
            return None
        except ValidationError as error:
            raise Conflict(
                "the state file of the embedded stack is damaged",
                reason="damaged_state",
                detail=str(self.state_file),
                hint="restore it, or remove the data directory to begin anew",
            ) from error

    def save(self, state: State) -> None:
        """Write the state file."""
        write_private(self.state_file, state.model_dump_json(indent=2) + "\n")
