"""An archive's file, downloaded whole: to be checked, and read from."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import BinaryIO, Self

from pylayer.archive.parquet import Contents, json_batches, read_contents, require_packages, rows_digest
from pylayer.blobs import BlobStore

__all__ = ["Spooled", "fetch"]


@dataclass(frozen=True, slots=True)
class Spooled:
    """A downloaded file; a context manager, which removes it.

    Attributes:
        file: its bytes.
        content_hash: their sha256, hex.
    """

    file: BinaryIO
    content_hash: str

    def read(self) -> Contents:
        """Decode every value, and return what is in the file.

        Raises:
            Conflict: it is no file of events, or its ids are not in order.
        """
        return read_contents(self.file)

    def rows_hash(self) -> str:
        """Return the digest of the rows, hex, as the database takes it of a month."""
        return rows_digest(self.file)

    def batches(self) -> Iterator[str]:
        """Yield the rows as JSON arrays."""
        return json_batches(self.file)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.file.close()


def fetch(blobs: BlobStore, key: str) -> Spooled:
    """Download an archive to a temporary file that has no name.

    Raises:
        NotFound: there is no such object.
    """
    require_packages()
    spool = tempfile.TemporaryFile()  # noqa: SIM115 - Spooled closes it
    try:
        digest = hashlib.sha256()
        with blobs.get(key) as stream:
            for chunk in stream:
                digest.update(chunk)
                spool.write(chunk)
        spool.seek(0)
    except BaseException:
        spool.close()
        raise
    return Spooled(spool, digest.hexdigest())
