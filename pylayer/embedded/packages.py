"""The extensions that the embedded Postgres lacks: pg_partman's and pgTAP's SQL, plpgsql_check if possible.

``python -m pylayer.embedded.packages [--dest FOLDER]`` gets them without root and keeps them in the
environment (venv), where the embedded stack finds them; a repeat does nothing.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from pylayer.embedded.binaries import postgres_folder
from pylayer.embedded.debian import PrivateApt, mirror
from pylayer.embedded.extensions import Extensions
from pylayer.errors import PylayerError, Unavailable

__all__ = ["fetch", "main"]

REQUIRED = ("pg_partman", "pgtap")
OPTIONAL = ("plpgsql_check",)
INSTALLED = Path("/usr/share/postgresql")
# Newest first: the suite, and the major version of Postgres that its packages are built for.
_SUITES = (("sid", 18), ("forky", 18), ("trixie", 17))
_PACKAGES = {"pg_partman": "partman", "pgtap": "pgtap", "plpgsql_check": "plpgsql-check"}
_MAJOR = 18
_OLDEST = {"pg_partman": (5, 2), "pgtap": (1, 3)}


def _installed(name: str) -> Path | None:
    """Return the ``extension`` folder of this machine's own packages that holds ``name``, new enough."""
    found = ((_version(control), control.parent) for control in INSTALLED.glob(f"*/extension/{name}.control"))
    return max((pair for pair in found if pair[0] >= _OLDEST[name]), default=(None, None))[1]


def _version(control: Path) -> tuple[int, ...]:
    match = re.search(r"^default_version\s*=\s*'([\d.]+)", control.read_text(), re.MULTILINE)
    return tuple(int(part) for part in match[1].split(".")) if match else ()


def _built_in(name: str) -> bool:
    return (postgres_folder() / "share" / "extension" / f"{name}.control").exists()


def fetch(extensions: Extensions) -> Iterator[str]:
    """Bring what is missing into ``extensions``; yield a line on each thing done.

    Raises:
        Unavailable: pg_partman or pgTAP could not be had; the hint says how to get it.
    """
    missing = [name for name in (*REQUIRED, *OPTIONAL) if not extensions.has(name) and not _built_in(name)]
    for name in [name for name in missing if name in REQUIRED]:
        if source := _installed(name):
            extensions.add(name, source)
            missing.remove(name)
            yield f"{name}: from {source}"
    if not missing:
        return
    reason = ""
    try:
        yield from _from_debian(missing, extensions)
    except Unavailable as error:
        reason = error.message
    for name in OPTIONAL:
        if name in missing and not extensions.has(name):
            yield f"{name}: not found (it is optional) {reason}".rstrip()
    lacking = [name for name in REQUIRED if name in missing and not extensions.has(name)]
    if lacking:
        packages = " ".join(f"postgresql-{_MAJOR}-{_PACKAGES[name]}" for name in lacking)
        raise Unavailable(
            f"not found: {', '.join(lacking)}",
            reason="missing_extension",
            detail=reason or "no suite of the Debian mirror has them",
            hint=f"install {packages} (apt-get install, from Debian or PostgreSQL's own repository) and "
            "run the same command again, or name a folder with extension/*.control in PYLAYER_EXTENSION_DIR",
        )


def _from_debian(missing: list[str], extensions: Extensions) -> Iterator[str]:
    here = mirror()
    with tempfile.TemporaryDirectory(prefix="pylayer-apt-") as scratch:
        for suite, major in _SUITES:
            wanted = [name for name in missing if not extensions.has(name)]
            if major != _MAJOR:  # SQL serves any version, a library does not
                wanted = [name for name in wanted if name in REQUIRED]
            if not any(name in REQUIRED for name in wanted) and suite != _SUITES[0][0]:
                return
            apt = PrivateApt(Path(scratch), here.site, suite)
            if not wanted or not apt.update():
                continue
            for name in wanted:
                yield from _from_package(name, major, apt, Path(scratch), extensions)


def _from_package(
    name: str, major: int, apt: PrivateApt, scratch: Path, extensions: Extensions
) -> Iterator[str]:
    package = f"postgresql-{major}-{_PACKAGES[name]}"
    files = scratch / package
    if problem := apt.extract(package, files):
        yield f"{name}: {package} is not in {apt.suite} ({problem})"
        return
    library = files / f"usr/lib/postgresql/{major}/lib/{name}.so" if name in OPTIONAL else None
    extensions.add(name, files / f"usr/share/postgresql/{major}/extension", library)
    yield f"{name}: from Debian's {package} ({apt.suite})"


def main(arguments: list[str] | None = None) -> int:
    """Get what is missing, say what was done, and return the exit code."""
    parser = argparse.ArgumentParser(description="get the extensions that the embedded Postgres lacks")
    parser.add_argument("--dest", type=Path, help="folder to keep them in (default: in the environment)")
    options = parser.parse_args(arguments)
    extensions = Extensions(options.dest.absolute()) if options.dest else Extensions.find()
    try:
        for line in fetch(extensions):
            print(line, flush=True)
    except PylayerError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except PermissionError as error:
        print(
            f"error: {error.filename} can't be written: run this as its owner, or keep the extensions "
            "elsewhere with --dest DIR and PYLAYER_EXTENSION_DIR=DIR",
            file=sys.stderr,
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
