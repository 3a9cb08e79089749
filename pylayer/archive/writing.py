"""The archive of a month, from the table of events to a file that was read back."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from datetime import datetime
from io import BufferedRandom
from typing import TYPE_CHECKING

from pylayer.archive.parquet import write_parquet
from pylayer.archive.reading import fetch
from pylayer.blobs import BlobStore
from pylayer.calls import call_sql
from pylayer.errors import Conflict, NotFound, translated
from pylayer.migrate.session import Progress, Session
from pylayer.retention.models import label

if TYPE_CHECKING:
    from pylayer.client import Client

__all__ = ["event_lines", "write_archive"]

_CONTENT_TYPE = "application/vnd.apache.parquet"
_COPY = f"copy ({call_sql('telemetry.month_events', ['p_month'])}) to stdout (format csv)"


def write_archive(client: Client, session: Session, month: datetime, progress: Progress) -> None:
    """Write a sealed month to object storage, record it, read it back and confirm it.

    Safe to kill and to repeat: the file has one key, and it counts only once it is confirmed.

    Args:
        client: for the calls and the object storage.
        session: a session in autocommit, in UTC.
        month: its start.
        progress: called with one line before each stage.

    Raises:
        Conflict: what was written or read back is not the month; ``archive_exists``, the bucket has a file of
            the month that is not this one. Unavailable: no object storage.
    """
    name = label(month)
    with tempfile.TemporaryFile() as spool:
        progress(f"writing {name}")
        with event_lines(session, month) as lines:
            contents = write_parquet(lines, spool)
        size = spool.seek(0, os.SEEK_END)
        key = client.archives.key(month)
        if all(archive.month != month for archive in client.archives.list()):
            _refuse_others(client.blobs, key, spool)
        spool.seek(0)
        progress(f"uploading {name}")
        client.blobs.abort_multipart(key)
        content_hash = client.blobs.put(key, spool, size, content_type=_CONTENT_TYPE)
    progress(f"recording {name}")
    client.archives.record(month, contents, size_bytes=size, content_hash=content_hash)
    progress(f"reading back {name}")
    client.archives.verify(month)


def _refuse_others(blobs: BlobStore, key: str, spool: BufferedRandom) -> None:
    """Refuse to replace a file that was never recorded here, unless a killed run left the very same."""
    try:
        with fetch(blobs, key) as found:
            spool.seek(0)
            if found.content_hash == hashlib.file_digest(spool, "sha256").hexdigest():
                return
    except NotFound as error:
        if error.reason != "no_such_object":
            raise
        return
    raise Conflict(
        "the bucket has another file of this month",
        reason="archive_exists",
        detail=key,
        hint="give each database a bucket of its own (S3_BUCKET); remove the file if it is nobody's",
    )


@contextmanager
def event_lines(session: Session, month: datetime) -> Generator[Iterator[bytes]]:
    """Stream the events of a month as lines of CSV; Postgres sends each row as one message.

    Args:
        session: in autocommit, in UTC.
        month: its start.
    """
    with translated(), session.transaction():
        session.execute("set local enable_sort = off")  # the primary key has them in order
        with session.cursor() as cursor, cursor.copy(_COPY.encode(), {"p_month": month}) as copy:
            yield (bytes(line) for line in copy)
