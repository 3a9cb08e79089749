"""Debian packages without root: a private apt root beside the system's, which it leaves alone."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from pylayer.errors import Unavailable

__all__ = ["PrivateApt", "mirror"]

_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_RELEASE_SUITES = ("stable", "oldstable", "testing", "unstable", "sid")


@dataclass(frozen=True, slots=True)
class Mirror:
    """The Debian mirror that this machine is set to.

    Attributes:
        site: its URL.
        suite: the release that this machine runs (``bookworm``).
    """

    site: str
    suite: str


def mirror() -> Mirror:
    """Return the Debian mirror of this machine.

    Raises:
        Unavailable: the machine has no apt, or apt knows no Debian release.
    """
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        raise Unavailable("there is no apt-get on this machine", reason="missing_program")
    indexes = _apt(["--print-uris", "update"]).stdout
    release = dict(line.split("=", 1) for line in _os_release() if "=" in line)
    suites = (release.get("VERSION_CODENAME", "").strip('"'), *_RELEASE_SUITES)
    for site, suite in re.findall(r"'(\S+?)/dists/([^/\s]+)/main/binary-", indexes):
        if release.get("ID") == "debian" and suite in suites:
            return Mirror(site, suite)
    raise Unavailable("apt on this machine is not set to a Debian mirror", reason="no_mirror")


def _os_release() -> list[str]:
    path = Path("/etc/os-release")
    return path.read_text().splitlines() if path.exists() else []


def _apt(
    arguments: list[str], *, config: Path | None = None, cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "LC_ALL": "C"}
    if config:
        environment["APT_CONFIG"] = str(config)
    return subprocess.run(
        ["apt-get", *arguments], env=environment, cwd=cwd, capture_output=True, text=True, check=False
    )


class PrivateApt:
    """One suite of a mirror, with its own lists and cache in ``folder``.

    Args:
        folder: an own, empty or earlier used folder.
        site: the mirror's URL.
        suite: the release (``sid``, ``bookworm``).
    """

    def __init__(self, folder: Path, site: str, suite: str) -> None:
        self.suite = suite
        self._folder = folder / suite
        self._config = self._folder / "apt.conf"
        for part in ("lists/partial", "cache/archives/partial", "download"):
            (self._folder / part).mkdir(parents=True, exist_ok=True)
        signed = f"[signed-by={_KEYRING}] " if _KEYRING.exists() else ""
        (self._folder / "sources.list").write_text(f"deb {signed}{site} {suite} main\n")
        (self._folder / "status").touch()
        self._config.write_text(self._configuration())

    def _configuration(self) -> str:
        values = {
            "Dir::Etc::SourceList": self._folder / "sources.list",
            "Dir::Etc::SourceParts": "-",
            "Dir::Etc::Preferences": "-",
            "Dir::Etc::PreferencesParts": "-",
            "Dir::State::Lists": self._folder / "lists",
            "Dir::State::Status": self._folder / "status",
            "Dir::Cache": self._folder / "cache",
            "Acquire::Languages": "none",
            "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled": "false",
            "Acquire::Retries": "3",
            "APT::Sandbox::User": "root",
            "APT::Update::Error-Mode": "any",
        }
        hooks = "#clear APT::Update::Post-Invoke;\n#clear APT::Update::Post-Invoke-Success;\n"
        return hooks + "".join(f'{name} "{value}";\n' for name, value in values.items())

    def update(self) -> bool:
        """Fetch the suite's index; return whether it could be had."""
        return _apt(["update"], config=self._config).returncode == 0

    def extract(self, package: str, into: Path) -> str | None:
        """Download a package and unpack its files below ``into``; return what went wrong, if anything."""
        downloads = self._folder / "download"
        for old in downloads.glob(f"{package}_*.deb"):
            old.unlink()
        result = _apt(["download", package], config=self._config, cwd=downloads)
        archive = next(downloads.glob(f"{package}_*.deb"), None)
        if result.returncode or archive is None:
            return (result.stderr or result.stdout).strip().rpartition("\n")[2]
        unpacked = subprocess.run(
            ["dpkg-deb", "-x", archive, into], capture_output=True, text=True, check=False
        )
        return unpacked.stderr.strip() if unpacked.returncode else None
