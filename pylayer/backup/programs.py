"""``pg_dump`` and ``pg_restore``: where they are, and running one with what it says."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from pylayer.embedded.binaries import postgres_folder
from pylayer.errors import Conflict, Unavailable

__all__ = ["find_program", "run_program"]

_DEBIAN = Path("/usr/lib/postgresql")


def find_program(name: str, server_major: int) -> Path:
    """Return the program of a PostgreSQL that is not older than the server.

    On the PATH first, since the embedded build can't speak TLS; then where Debian keeps each version; then
    that of the extra ``embedded``.

    Raises:
        Unavailable: ``missing_program``.
    """
    found = [(path, _major(path)) for path in _candidates(name, server_major)]
    for path, major in found:
        if major >= server_major:
            return path
    raise Unavailable(
        f"{name} of PostgreSQL {server_major} or newer is needed",
        reason="missing_program",
        detail=", ".join(f"{path} is of version {major}" for path, major in found) or "none was found",
        hint=f"install postgresql-client-{server_major}, or pip install 'pylayer-pg[embedded]'",
    )


def _candidates(name: str, server_major: int) -> Iterator[Path]:
    if path := shutil.which(name):
        yield Path(path)
    packaged = _DEBIAN / str(server_major) / "bin" / name
    if packaged.exists():
        yield packaged
    try:
        embedded = postgres_folder() / "bin" / name
    except Unavailable:
        return
    if embedded.exists():
        yield embedded


def _major(path: Path) -> int:
    said = subprocess.run([path, "--version"], capture_output=True, text=True, check=False).stdout
    match = re.search(r"\(PostgreSQL\) (\d+)", said)
    return int(match[1]) if match else 0


def run_program(
    program: Path,
    arguments: Sequence[str],
    url: str,
    tell: Callable[[str], None],
    *,
    keep_open: int | None = None,
) -> None:
    """Run a program on a database, and tell each line that it says.

    The password is passed in the environment, which only this user can read, and not on the command line.
    The program ends soon after this process is killed: it can't say its next line then.

    Args:
        program: its path.
        arguments: beside the connection and ``--verbose``.
        url: the database.
        tell: called with each line.
        keep_open: a file descriptor that the program holds too, until it ends.

    Raises:
        Conflict: ``program_failed``, with its last lines.
    """
    parameters = conninfo_to_dict(url)
    environment = {**os.environ, "LC_ALL": "C"}
    if password := parameters.pop("password", None):
        environment["PGPASSWORD"] = str(password)
    command = [
        str(program),
        "--dbname",
        make_conninfo("", **parameters),
        "--verbose",
        "--no-password",
        *arguments,
    ]
    said: deque[str] = deque(maxlen=10)
    with subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        pass_fds=() if keep_open is None else (keep_open,),
        text=True,
        errors="replace",
    ) as process:
        try:
            for line in process.stderr or ():
                said.append(line.rstrip())
                tell(said[-1].removeprefix(f"{program.name}: "))
        except BaseException:
            process.terminate()
            raise
    if process.returncode:
        raise Conflict(
            f"{program.name} failed",
            reason="program_failed",
            detail="\n".join(line for line in said if "error" in line.lower() or "detail" in line.lower())
            or "\n".join(said),
        )
