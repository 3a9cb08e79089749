"""The file of events that were not stored, each with the reason."""

from __future__ import annotations

import fcntl
import logging
import os
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from pydantic_core import from_json, to_json

from pylayer.events import IngestResult

__all__ = ["DeadLetters"]

_log = logging.getLogger(__name__)

_MAX_BYTES = 64 * 2**20


class DeadLetters:
    """``dead-letters.jsonl`` in a spool directory: one JSON object a line, shared by all processes.

    Above ``max_bytes`` it is renamed to ``dead-letters.1.jsonl``, in place of the one before.

    Args:
        directory: the spool directory; None only logs.
        max_bytes: size at which the next file begins.
    """

    def __init__(self, directory: Path | None, *, max_bytes: int = _MAX_BYTES) -> None:
        self._path = None if directory is None else directory / "dead-letters.jsonl"
        self._max_bytes = max_bytes

    def add(self, batch: Sequence[bytes], results: Sequence[IngestResult]) -> None:
        """Write down the events of a batch that are not stored, and log how many; a full disk only logs."""
        letters = [
            to_json(_letter(line, result))
            for line, result in zip(batch, results, strict=True)
            if result.status in ("refused", "conflict")
        ]
        if not letters:
            return
        try:
            if self._path is None:
                raise OSError("the queue is in memory")
            self._write(self._path, b"".join(letter + b"\n" for letter in letters))
        except OSError as error:
            _log.error("%d events were not stored, and there is no file for them (%s)", len(letters), error)
            for letter in letters:
                _log.error("not stored: %s", letter.decode())
        else:
            _log.warning("%d events were not stored: see %s", len(letters), self._path)

    def _write(self, path: Path, data: bytes) -> None:
        with _locked(path) as fd:
            size = os.fstat(fd).st_size
            if size and os.pread(fd, 1, size - 1) != b"\n":  # somebody was killed in the middle of a line
                data = b"\n" + data
            try:
                while data:
                    data = data[os.write(fd, data) :]
            except OSError:
                os.ftruncate(fd, size)
                raise
            if os.fstat(fd).st_size >= self._max_bytes:
                path.replace(path.with_name("dead-letters.1.jsonl"))


def _letter(line: bytes, result: IngestResult) -> dict[str, Any]:
    try:
        event: Any = from_json(line)
    except ValueError:
        event = line.decode(errors="replace")
    event_id = cast("dict[str, Any]", event).get("event_id") if isinstance(event, dict) else None
    return {
        "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "event_id": event_id,
        "status": result.status,
        "code": result.code,
        "reason": result.reason,
        "detail": result.detail,
        "event": event,
    }


@contextmanager
def _locked(path: Path) -> Generator[int]:
    """Open a file for appending, under a lock; again, when somebody renamed it before we had the lock."""
    while True:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            with suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(fd), path.stat()):
                    yield fd
                    return
        finally:
            os.close(fd)
