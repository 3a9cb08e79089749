"""Background processes: start them detached, recognise them later, stop only them."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType

from pylayer.embedded.binaries import missing
from pylayer.errors import Unavailable

__all__ = [
    "Identity",
    "free_port",
    "is_free",
    "is_zombie",
    "launch",
    "log_tail",
    "processes_in",
    "stop",
    "wait_until",
]

_MAX_LOG_BYTES = 20 * 1024 * 1024
_POLL_SECONDS = 0.02

# A short-lived parent makes the server a child of init: no zombie is left in whoever called us.
_LAUNCHER = """
import os, subprocess, sys
log, cwd, *command = sys.argv[1:]
with open(log, "ab", opener=lambda path, flags: os.open(path, flags, 0o600)) as out:
    child = subprocess.Popen(
        command, cwd=cwd, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True
    )
print(child.pid, flush=True)
os._exit(0)
"""


@dataclass(frozen=True, slots=True)
class Identity:
    """A process: its pid, and its start time, so that a reused pid is never mistaken for it.

    Attributes:
        pid: process id.
        started: start time, opaque; unique for this pid since and across boots.
    """

    pid: int
    started: str

    @classmethod
    def of(cls, pid: int) -> Identity | None:
        """Return the identity of the live process ``pid``, or None (a zombie is not alive)."""
        started = _started_linux(pid) if sys.platform == "linux" else _started_elsewhere(pid)
        return cls(pid, started) if started else None

    @property
    def alive(self) -> bool:
        """Whether this very process still runs."""
        return Identity.of(self.pid) == self


def _started_linux(pid: int) -> str | None:
    # Ticks since boot, unlike psutil's create_time, do not move when the clock is set.
    try:
        state, *fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except (OSError, ValueError):
        return None
    return None if state in "ZX" else f"{boot}:{fields[18]}"


def _started_elsewhere(pid: int) -> str | None:
    psutil = _psutil()
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else str(process.create_time())
    except psutil.Error:
        return None


def _psutil() -> ModuleType:
    try:
        return import_module("psutil")
    except ModuleNotFoundError:
        raise missing("psutil") from None


def is_zombie(pid: int) -> bool:
    """Return whether ``pid`` has ended, and its parent has not asked for its exit code."""
    psutil = _psutil()
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def launch(
    command: Sequence[str | Path], *, cwd: Path, log: Path, environment: Mapping[str, str] | None = None
) -> Identity:
    """Start ``command`` detached from this process and its terminal.

    Args:
        command: program and arguments.
        cwd: the directory it starts in; `processes_in` finds it there.
        log: file that its output is appended to (mode 0600), moved to ``*.1`` above 20 MiB.
        environment: all of its environment, beside ``PATH``.

    Raises:
        Unavailable: it could not be started, or ended at once.
    """
    if log.exists() and log.stat().st_size > _MAX_LOG_BYTES:
        log.replace(log.with_name(log.name + ".1"))
    launcher = subprocess.run(
        [sys.executable, "-I", "-S", "-c", _LAUNCHER, log, cwd, *command],
        env={"PATH": os.environ.get("PATH", os.defpath), **(environment or {})},
        capture_output=True,
        text=True,
        check=False,
    )
    identity = Identity.of(int(launcher.stdout)) if launcher.returncode == 0 else None
    if identity is None:
        raise Unavailable(
            f"{Path(command[0]).name} could not be started",
            reason="start_failed",
            detail=launcher.stderr.strip().rpartition("\n")[2] or log_tail(log),
        )
    return identity


def processes_in(directory: Path, name: str) -> list[Identity]:
    """Return the live processes called ``name`` whose working directory is ``directory``."""
    psutil = _psutil()
    found: list[Identity | None] = []
    wanted = str(directory.resolve())
    for process in psutil.process_iter():
        try:
            if process.name().startswith(name) and process.cwd() == wanted:
                found.append(Identity.of(process.pid))
        except (psutil.Error, OSError):
            continue
    return [identity for identity in found if identity]


def stop(identity: Identity, *steps: tuple[signal.Signals, float]) -> None:
    """Send each signal in turn and wait its seconds for the process to end; a process that is gone is fine.

    Raises:
        Unavailable: it still runs after the last step.
    """
    for number, seconds in steps:
        if not identity.alive:
            return
        try:
            os.kill(identity.pid, number)
        except ProcessLookupError:
            return
        if wait_until(lambda: not identity.alive, seconds=seconds):
            return
    raise Unavailable(f"process {identity.pid} does not end", reason="stop_failed")


def wait_until(done: Callable[[], bool], *, seconds: float) -> bool:
    """Poll ``done`` until it is true, at most ``seconds``; return whether it became true."""
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True


def is_free(port: int) -> bool:
    """Return whether a server could listen on 127.0.0.1:``port`` now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            probe.listen()
        except OSError:
            return False
    return True


def free_port(preferred: int | None = None) -> int:
    """Return ``preferred`` if it is free on 127.0.0.1, else a free port."""
    if preferred and is_free(preferred):
        return preferred
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def log_tail(log: Path, lines: int = 5) -> str:
    """Return the last lines of a log file, or an empty string."""
    if not log.exists():
        return ""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 4096))
        text = file.read().decode(errors="replace")
    return "\n".join(text.strip().splitlines()[-lines:])
