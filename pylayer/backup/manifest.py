"""The folder of a backup, and the manifest that says what is in it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ValidationError

from pylayer.errors import Conflict, NotFound

__all__ = ["Blob", "Damage", "Folder", "Manifest", "Progress", "sha256_of", "write_synced"]

Progress = Callable[[str, int, int | None], None]
"""Called with what is being done, the bytes handled so far, and their number in all where it is known."""

_CHUNK_BYTES = 2**20


class Blob(BaseModel):
    """An object that a row refers to.

    Attributes:
        storage_key: its key in the bucket.
        size_bytes: its size.
        content_hash: its sha256, hex.
        mime_type: its media type.
        artifact_id, version: what it is the content of; None for an archive of events.
    """

    storage_key: str
    size_bytes: int
    content_hash: str
    mime_type: str
    artifact_id: str | None
    version: int | None


class Damage(BaseModel):
    """An object that is not what the database says of it.

    Attributes:
        storage_key: its key in the bucket.
        problem: ``missing``, or ``hash_mismatch``: its bytes are others.
    """

    storage_key: str
    problem: Literal["missing", "hash_mismatch"]


class File(BaseModel):
    """A file of the backup other than an object."""

    path: str
    size_bytes: int
    content_hash: str


class Manifest(BaseModel):
    """What a complete backup holds: written last.

    Attributes:
        layout: version of the folder's layout.
        created_at: when its snapshot was taken.
        pylayer_version, server_version: what made it.
        epoch: of the database.
        files: the dump's files, and the list of objects.
        blobs, blob_bytes: number of objects, and their size.
        deleted: objects that were deleted on purpose while the backup was made; it lacks them.
        damaged: objects that the bucket did not have, or not as they should be; it lacks them.
    """

    layout: Literal[1] = 1
    created_at: datetime
    pylayer_version: str
    server_version: str
    epoch: int
    files: list[File]
    blobs: int
    blob_bytes: int
    deleted: list[Blob]
    damaged: list[Damage]


class Folder:
    """The places in a backup's folder.

    Attributes:
        path: the folder.
        database: the dump, in pg_dump's directory format.
        blob_list: the objects, a JSON object a line.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.database = path / "database"
        self.blob_list = path / "blobs.jsonl"
        self._blobs = path / "blobs"
        self._manifest = path / "manifest.json"

    @property
    def is_complete(self) -> bool:
        """Whether it has a manifest."""
        return self._manifest.exists()

    def blob(self, blob: Blob) -> Path:
        """Return the file of an object: named by its hash, so that equal ones are kept once."""
        return self._blobs / blob.content_hash[:2] / blob.content_hash

    def partial_blobs(self) -> Iterable[Path]:
        """Return what a killed backup was writing."""
        return self._blobs.glob("*/*.partial")

    def listed(self) -> Iterator[Blob]:
        """Yield the objects of the list."""
        with self.blob_list.open("rb") as lines:
            for line in lines:
                yield Blob.model_validate_json(line)

    def measured(self, path: Path) -> File:
        """Return what the manifest says of a file."""
        name = path.relative_to(self.path).as_posix()
        return File(path=name, size_bytes=path.stat().st_size, content_hash=sha256_of(path))

    def save(self, manifest: Manifest) -> None:
        """Write the manifest, in one step."""
        partial = self._manifest.with_suffix(".partial")
        with partial.open("wb") as file:
            write_synced(file.fileno(), manifest.model_dump_json(indent=2).encode() + b"\n")
        partial.replace(self._manifest)

    def load(self) -> Manifest:
        """Read the manifest.

        Raises:
            NotFound: ``no_backup``, there is none, so it is not complete.
            Conflict: ``backup_damaged``.
        """
        try:
            return Manifest.model_validate_json(self._manifest.read_bytes())
        except (FileNotFoundError, NotADirectoryError) as error:
            raise NotFound(
                "the folder holds no complete backup",
                reason="no_backup",
                detail=str(self.path),
                hint="pylayer backup writes manifest.json last; run it again to complete one that was killed",
            ) from error
        except ValidationError as error:
            raise self.damaged(self._manifest.name) from error

    def damaged(self, detail: str) -> Conflict:
        """Return the error for a backup whose files are not what the manifest says."""
        return Conflict(
            "the backup is damaged",
            reason="backup_damaged",
            detail=detail,
            hint="use another backup; where objects alone are damaged, --skip-damaged goes on without them",
        )


def sha256_of(path: Path) -> str:
    """Return the sha256 of a file, hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_synced(descriptor: int, body: bytes) -> None:
    """Write all of ``body``, and wait for the disk."""
    view = memoryview(body)
    while view:
        view = view[os.write(descriptor, view) :]
    os.fsync(descriptor)
