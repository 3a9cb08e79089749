"""Run Postgres' programs as root's guest: Postgres refuses root, so it runs as the user ``nobody``.

No user is added and no folder's mode is changed. Where that user may not enter the folders on the way (a
clone in /root), the process gets the one capability that lets it read there.
"""

from __future__ import annotations

import os
import pwd
import shutil
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pylayer.errors import Unavailable

__all__ = ["Account"]

# Linux capabilities by number; the first that this process may pass on is used.
_READING_CAPABILITIES = ((2, "dac_read_search"), (1, "dac_override"))


@dataclass(frozen=True, slots=True)
class Account:
    """The user that a server runs as.

    Attributes:
        uid: user id.
        gid: group id.
    """

    uid: int
    gid: int

    @classmethod
    def for_servers(cls, data: Path) -> Account:
        """Return our own user; when that is root, the owner of ``data``, or ``nobody`` without one."""
        if os.geteuid() != 0:
            return cls(os.geteuid(), os.getegid())
        if data.exists() and data.stat().st_uid != 0:
            return cls(data.stat().st_uid, data.stat().st_gid)
        entry = pwd.getpwnam("nobody")
        return cls(entry.pw_uid, entry.pw_gid)

    @property
    def is_own(self) -> bool:
        """Whether this is the user that we run as already."""
        return self.uid == os.geteuid()

    def prefix(self, reads: Iterable[Path]) -> list[str]:
        """Return the command prefix that runs a program as this user, able to read the folders ``reads``.

        Raises:
            Unavailable: it can't be done on this machine; the hint says what to do.
        """
        if self.is_own:
            return []
        setpriv = shutil.which("setpriv")
        if setpriv is None:
            raise Unavailable(
                "Postgres does not run as root, and setpriv is not installed",
                reason="missing_program",
                hint="run as a normal user, or: apt-get install util-linux",
            )
        prefix = [setpriv, f"--reuid={self.uid}", f"--regid={self.gid}", "--clear-groups"]
        closed = next((path for path in reads if not self.can_read(path)), None)
        if closed is not None:
            capability = _passable_capability(closed)
            prefix += [f"--inh-caps=+{capability}", f"--ambient-caps=+{capability}"]
            prefix += ["--securebits=+no_setuid_fixup"]  # access(2), which Postgres asks, heeds it only so
        return [*prefix, "--"]

    def can_read(self, folder: Path) -> bool:
        """Return whether this user may list ``folder`` and enter it and all its parents (ACLs aside)."""
        path = folder.resolve()
        return self._allowed(path, 0o5) and all(self._allowed(parent, 0o1) for parent in path.parents)

    def _allowed(self, path: Path, bits: int) -> bool:
        status = path.stat()
        if status.st_uid == self.uid:
            shift = 6
        elif status.st_gid == self.gid:
            shift = 3
        else:
            shift = 0
        return (stat.S_IMODE(status.st_mode) >> shift) & bits == bits

    def own(self, path: Path) -> None:
        """Give ``path`` itself, never what is in it, to this user."""
        if not self.is_own:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)


def _passable_capability(closed: Path) -> str:
    sets = dict(line.split(":\t", 1) for line in Path("/proc/self/status").read_text().splitlines())
    passable = int(sets["CapPrm"], 16) & int(sets["CapBnd"], 16)
    for number, name in _READING_CAPABILITIES:
        if passable >> number & 1:
            return name
    raise Unavailable(
        "the user nobody, which Postgres runs as, may not enter a folder that it needs",
        reason="folder_closed",
        detail=str(closed),
        hint="run as a normal user, or use folders that everyone may enter",
    )
