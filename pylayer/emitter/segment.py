"""One file of the spool: a header with what was acknowledged, then one event a line.

    {"acknowledged": 64                                          }
    {"event_id":"01K...","event_name":"workflow.step_completed",...}

``acknowledged`` is the position of the first event that nobody has confirmed. The header has a fixed
length and is rewritten in place, far below the size of a sector: it is there whole, old or new.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

from pylayer.ids import new_ulid

__all__ = ["SUFFIX", "Segment"]

SUFFIX = ".spool"
_HEADER_BYTES = 64


class Segment:
    """A file that one process owns: it holds an exclusive ``flock`` on it until it closes it or dies.

    Attributes:
        path: the file; names sort by the time they were made.
        end: position after the last whole event.
        pending: events that are not acknowledged.
    """

    __slots__ = ("_acknowledged", "_fd", "end", "path", "pending")

    def __init__(self, path: Path, fd: int) -> None:
        self.path = path
        self._fd = fd
        self._acknowledged = _HEADER_BYTES
        self.end = _HEADER_BYTES
        self.pending = 0

    @classmethod
    def create(cls, directory: Path) -> Self:
        """Make an empty segment (mode 0600) and own it.

        Raises:
            OSError: the directory can't be written, or the disk is full.
        """
        while True:
            path = directory / f"{new_ulid()}{SUFFIX}"
            fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
            if not _own(fd):  # whoever looks for segments of the dead was faster, and removed the empty file
                os.close(fd)
                continue
            segment = cls(path, fd)
            try:
                segment._mark()
            except OSError:
                segment.remove()
                raise
            return segment

    @classmethod
    def adopt(cls, path: Path) -> Self | None:
        """Own a segment that a dead process left; None when its owner lives or nothing in it is pending.

        A last line without its end was never acknowledged to whoever emitted it: it is not an event.

        Raises:
            OSError: the file can't be read or written.
        """
        try:
            fd = os.open(path, os.O_RDWR)
        except FileNotFoundError:
            return None
        if not _own(fd):
            os.close(fd)
            return None
        segment = cls(path, fd)
        segment._load()
        if segment.pending:
            return segment
        segment.remove()
        return None

    def append(self, line: bytes) -> None:
        """Write an event, its newline included, by one ``write``.

        Raises:
            OSError: it could not be written whole; nothing of it stays.
        """
        size = len(line)
        start = self.end
        self.end = start + size  # first of all: a signal handler that emits finds the next place
        try:
            written = os.pwrite(self._fd, line, start)
            while written < size:  # the disk had room for a part; the rest of it mostly raises
                written += os.pwrite(self._fd, line[written:], start + written)
        except OSError:
            self.end = start
            os.ftruncate(self._fd, start)
            raise
        self.pending += 1

    def sync(self) -> None:
        """Wait until what was written is on the disk."""
        os.fdatasync(self._fd)

    def read(self, max_events: int, max_bytes: int) -> list[bytes]:
        """Return the oldest pending events without their newlines, at least one."""
        size = max_bytes
        while True:
            chunk = os.pread(self._fd, min(size, self.end - self._acknowledged), self._acknowledged)
            lines = chunk.split(b"\n", max_events)
            if len(lines) > 1:
                return lines[:-1]  # what follows the last newline is another batch's
            if len(chunk) < size:
                raise OSError(f"{self.path} ends before its events do")
            size *= 2

    def acknowledge(self, lines: Sequence[bytes]) -> None:
        """Note that the oldest events, as `read` returned them, need not be sent again."""
        self._acknowledged += sum(map(len, lines)) + len(lines)
        self.pending -= len(lines)
        with suppress(OSError):  # without the mark they are sent again after a crash: harmless
            self._mark()

    def remove(self) -> None:
        """Delete the file and close it."""
        self.path.unlink(missing_ok=True)
        self.close()

    def close(self) -> None:
        """Give the file up: it stays for whoever adopts it."""
        os.close(self._fd)

    @property
    def pending_bytes(self) -> int:
        """Bytes of the events that are not acknowledged."""
        return self.end - self._acknowledged

    def _mark(self) -> None:
        header = f'{{"acknowledged": {self._acknowledged}'.encode()
        os.pwrite(self._fd, header.ljust(_HEADER_BYTES - 2) + b"}\n", 0)

    def _load(self) -> None:
        data = os.pread(self._fd, os.fstat(self._fd).st_size, 0)
        with suppress(ValueError, KeyError, TypeError):  # a damaged header: all is sent again
            self._acknowledged = max(_HEADER_BYTES, int(json.loads(data[:_HEADER_BYTES])["acknowledged"]))
        self.end = max(self._acknowledged, data.rfind(b"\n") + 1)
        self.pending = data.count(b"\n", self._acknowledged)


def _own(fd: int) -> bool:
    """Lock the file unless somebody else has; whether it is ours and still has its name."""
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return os.fstat(fd).st_nlink > 0
