"""Where events wait for delivery: files of the spool directory, or memory."""

from __future__ import annotations

import errno
import logging
import os
from collections import deque
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Protocol

from pylayer.emitter.segment import SUFFIX, Segment

__all__ = ["MemoryQueue", "Queue", "Spool", "open_queue"]

_log = logging.getLogger(__name__)

_SEGMENT_BYTES = 8 * 2**20
_MAX_SEGMENTS = 32  # of one full spool: each is an open file
_ADOPTED_AT_ONCE = 4  # segments: few enough not to hold emit() up while they are read


class Queue(Protocol):
    """Events in the order they came. Not safe between threads: its owner locks."""

    def append(self, line: bytes) -> None:
        """Keep one event, a line with its newline.

        Raises:
            OSError: there is no room for it, and nothing of it stays.
        """
        ...

    def read(self, max_events: int, max_bytes: int) -> list[bytes]:
        """Return the oldest pending events, at least one, without their newlines."""
        ...

    def acknowledge(self, lines: Sequence[bytes]) -> None:
        """Drop the oldest events, as `read` returned them."""
        ...

    def adopt(self) -> tuple[int, int]:
        """Take over some of what dead processes left, ahead of all else; return how many events and bytes."""
        ...

    def close(self) -> None:
        """Give up what is pending to whoever adopts it."""
        ...

    def abandon(self) -> None:
        """Let go in a forked child of what belongs to its parent."""
        ...


def open_queue(directory: Path | None, max_bytes: int, *, fsync: bool = False) -> Queue:
    """Return the spool in ``directory``; memory for None, and where it can't be written."""
    if directory is None:
        return MemoryQueue()
    try:
        return Spool(directory, fsync=fsync, segment_bytes=max(_SEGMENT_BYTES, max_bytes // _MAX_SEGMENTS))
    except OSError as error:
        _log.warning(
            "the spool directory %s can't be written (%s): events wait in memory, and are lost when this "
            "process is killed; name another one with PYLAYER_HOME or spool=",
            directory,
            error.strerror,
        )
        return MemoryQueue()


class Spool:
    """Segments in a directory that several processes may share.

    Args:
        directory: made if it is missing, mode 0700.
        fsync: wait for the disk at each event.
        segment_bytes: size at which the next segment begins.

    Raises:
        OSError: it can't be made or written.
    """

    def __init__(self, directory: Path, *, fsync: bool = False, segment_bytes: int = _SEGMENT_BYTES) -> None:
        self._directory = directory
        self._fsync = fsync
        self._segment_bytes = segment_bytes
        self._segments: deque[Segment] = deque()  # each has pending events, except for the one we write to
        self._live: Segment | None = None
        self._make_directory()
        if not os.access(directory, os.R_OK | os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(directory))

    def append(self, line: bytes) -> None:
        """Write one event to the segment of this process."""
        live = self._live
        if live is None or live.end >= self._segment_bytes:
            live = self._rotate()
        live.append(line)
        if self._fsync:
            live.sync()

    def read(self, max_events: int, max_bytes: int) -> list[bytes]:
        """Return the oldest events of the oldest segment."""
        return self._segments[0].read(max_events, max_bytes)

    def acknowledge(self, lines: Sequence[bytes]) -> None:
        """Note progress, and remove a segment that is done."""
        oldest = self._segments[0]
        oldest.acknowledge(lines)
        if not oldest.pending and oldest is not self._live:
            self._segments.popleft().remove()

    def adopt(self) -> tuple[int, int]:
        """Take over the oldest segments whose owner is dead."""
        found = self._orphans()
        self._segments.extendleft(reversed(found))
        return sum(segment.pending for segment in found), sum(segment.pending_bytes for segment in found)

    def close(self) -> None:
        """Close all segments; those with pending events stay."""
        for segment in self._segments:
            if segment.pending:
                segment.close()
            else:
                segment.remove()
        self._forget()

    def abandon(self) -> None:
        """Close the parent's segments; its locks on them hold."""
        for segment in self._segments:
            segment.close()
        self._forget()

    def _forget(self) -> None:
        self._segments.clear()
        self._live = None

    def _make_directory(self) -> None:
        self._directory.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._directory.mkdir(mode=0o700, exist_ok=True)

    def _rotate(self) -> Segment:
        self._make_directory()  # somebody may have removed it
        segment = Segment.create(self._directory)
        if self._live is not None and not self._live.pending:
            self._segments.remove(self._live)
            self._live.remove()
        self._segments.append(segment)
        self._live = segment
        return segment

    def _orphans(self) -> list[Segment]:
        own = {segment.path for segment in self._segments}
        found: list[Segment] = []
        for path in sorted(self._directory.glob(f"*{SUFFIX}")):
            if len(found) == _ADOPTED_AT_ONCE:
                break
            if path not in own and (segment := _adopted(path)):
                found.append(segment)
        return found


def _adopted(path: Path) -> Segment | None:
    try:
        return Segment.adopt(path)
    except OSError as error:
        _log.warning("the spooled events in %s can't be read: %s", path, error.strerror)
        return None


class MemoryQueue:
    """Events in memory: gone with the process."""

    def __init__(self) -> None:
        self._lines: deque[bytes] = deque()

    def append(self, line: bytes) -> None:
        """Keep one event."""
        self._lines.append(line[:-1])

    def read(self, max_events: int, max_bytes: int) -> list[bytes]:
        """Return the oldest events."""
        lines: list[bytes] = []
        size = 0
        for line in islice(self._lines, max_events):
            size += len(line) + 1
            if lines and size > max_bytes:
                break
            lines.append(line)
        return lines

    def acknowledge(self, lines: Sequence[bytes]) -> None:
        """Drop the oldest events."""
        for _ in lines:
            self._lines.popleft()

    def adopt(self) -> tuple[int, int]:
        """Find nothing: nobody leaves anything in memory."""
        return 0, 0

    def close(self) -> None:
        """Forget what is pending."""
        if self._lines:
            _log.error("%d events were only in memory and are lost", len(self._lines))
        self.abandon()

    def abandon(self) -> None:
        """Forget what is pending; it is the parent's."""
        self._lines.clear()
