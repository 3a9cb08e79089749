"""The real servers that tests run against beside the embedded ones: MinIO, PgBouncer, Prometheus, InfluxDB.

``python -m pylayer.embedded.services`` puts them into the environment (venv), without root: MinIO is
compiled by Go, as its maintainers document; the others are Debian's packages, of this machine's own release.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from pylayer.embedded.binaries import shared_folder
from pylayer.embedded.debian import PrivateApt, mirror
from pylayer.errors import Unavailable

__all__ = [
    "find_influxd",
    "find_minio",
    "find_pgbouncer",
    "find_prometheus",
    "find_promtool",
    "main",
    "pgbouncer_libraries",
]

_MINIO = "github.com/minio/minio"
# The last release, and the last commit of the archived repository, for module proxies that lack the former.
_MINIO_VERSIONS = ("RELEASE.2025-10-15T17-29-55Z", "v0.0.0-20260212201848-7aac2a2c5b7c")
# Programs, and the packages that hold them: their own, then libraries under the names of several releases.
_DEBIAN = {
    "pgbouncer": ("pgbouncer", "libevent-2.1-7", "libevent-2.1-7t64", "libc-ares2"),
    "prometheus": ("prometheus",),
    "influxd": ("influxdb",),
}
_SYSTEM_FOLDERS = "/usr/sbin:/usr/local/sbin"


def _own_binaries() -> Path:
    return Path(sys.prefix) / "bin"


def _services_folder() -> Path:
    return shared_folder() / "services"


def _find(program: str, *folders: Path) -> Path | None:
    search = os.pathsep.join([*map(str, folders), os.environ.get("PATH", ""), _SYSTEM_FOLDERS])
    found = shutil.which(program, path=search)
    return Path(found) if found else None


def _find_service(program: str) -> Path | None:
    usr = _services_folder() / "usr"
    return _find(program, usr / "sbin", usr / "bin")


def find_minio() -> Path | None:
    """Return MinIO's server program, or None."""
    return _find("minio", _own_binaries())


def find_pgbouncer() -> Path | None:
    """Return PgBouncer's program, or None."""
    return _find_service("pgbouncer")


def find_prometheus() -> Path | None:
    """Return Prometheus' server program, or None."""
    return _find_service("prometheus")


def find_promtool() -> Path | None:
    """Return the program that checks rules and metrics, which comes with Prometheus, or None."""
    return _find_service("promtool")


def find_influxd() -> Path | None:
    """Return InfluxDB's server program (1.x), or None."""
    return _find_service("influxd")


def pgbouncer_libraries() -> list[Path]:
    """Return the folders of libraries that were fetched with PgBouncer, for ``LD_LIBRARY_PATH``."""
    return sorted({library.parent for library in _services_folder().glob("usr/lib/*/*.so*")})


def _install_minio() -> Iterator[str]:
    if found := find_minio():
        yield f"minio: {found}"
        return
    go = _find("go", Path("/usr/local/go/bin"))
    if go is None:
        yield "minio: not installed, because Go is not there; tests against MinIO are skipped"
        return
    problem = ""
    for version in _MINIO_VERSIONS:
        yield f"minio: compiling {version} (takes minutes, once)"
        result = subprocess.run(
            [go, "install", f"{_MINIO}@{version}"],
            env={**os.environ, "GOBIN": str(_own_binaries()), "CGO_ENABLED": "0"},
            capture_output=True,
            text=True,
            check=False,
        )
        if result.returncode == 0:
            yield f"minio: {version}"
            return
        problem = result.stderr.strip().rpartition("\n")[2]
        yield f"minio: {version} could not be installed: {problem}"
    raise Unavailable("MinIO could not be installed", reason="missing_program", detail=problem)


def _install_debian() -> Iterator[str]:
    missing: list[str] = []
    for program in _DEBIAN:
        if found := _find_service(program):
            yield f"{program}: {found}"
        else:
            missing.append(program)
    if not missing:
        return
    here = mirror()
    folder = _services_folder()
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="pylayer-apt-") as scratch:
        apt = PrivateApt(Path(scratch), here.site, here.suite)
        if not apt.update():
            raise Unavailable("the Debian mirror does not answer", reason="no_mirror", detail=here.site)
        for program in missing:
            problems = [apt.extract(package, folder) for package in _DEBIAN[program]]
            if _find_service(program):
                yield f"{program}: Debian's package {_DEBIAN[program][0]} ({here.suite})"
            else:
                yield f"{program}: not installed; tests that need it are skipped: {problems[0]}"


def main() -> int:
    """Install what is missing and say what was done; tests skip what could not be had, so this returns 0."""
    for install in (_install_minio, _install_debian):
        try:
            for line in install():
                print(line, flush=True)
        except Unavailable as error:
            print(f"{error} Tests that need it are skipped.", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
