"""Where an export goes: a folder, or a prefix in a bucket. Files appear whole or not at all."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol

from pylayer.blobs import BlobStore
from pylayer.config import Settings
from pylayer.errors import InvalidInput, NotFound

__all__ = ["Place", "place_at"]

_PARTIAL = ".partial"
_HASH = "sha256"  # an object's own metadata


class Place(Protocol):
    """A folder of files by name."""

    def locate(self, name: str) -> str:
        """Return how a person finds a file."""
        ...

    def read(self, name: str) -> bytes | None:
        """Return a small file, or None when there is none."""
        ...

    def write(self, name: str, body: bytes) -> None:
        """Write a small file, or replace it."""
        ...

    @contextmanager
    def partial(self) -> Generator[BinaryIO]:
        """Yield an empty file to write to and read from."""
        ...

    def store(self, partial: BinaryIO, name: str, size: int, sha256: str) -> None:
        """Give the partial file its name."""
        ...

    def holds(self, name: str, size: int, sha256: str) -> bool:
        """Return whether there is a file of this name with these bytes."""
        ...


def place_at(out: str, folder: str, settings: Settings) -> Place:
    """Return the place of ``folder`` below ``out``, a path or ``s3://bucket/prefix``.

    Raises:
        InvalidInput: ``bad_destination``.
    """
    if not out.startswith("s3://"):
        return _Directory(Path(out) / folder)
    found = re.fullmatch(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/(.*?))?/*", out)
    if found is None:
        raise InvalidInput(
            "the destination is not usable",
            reason="bad_destination",
            detail=out,
            hint="a folder, or s3://bucket/prefix",
        )
    bucket, prefix = found[1], found[2]
    blobs = BlobStore.from_settings(settings.model_copy(update={"s3_bucket": bucket}))
    return _Bucket(blobs, bucket, f"{prefix}/{folder}" if prefix else folder)


class _Directory:
    def __init__(self, path: Path) -> None:
        self._path = path

    def locate(self, name: str) -> str:
        return str(self._path / name)

    def read(self, name: str) -> bytes | None:
        try:
            return (self._path / name).read_bytes()
        except FileNotFoundError:
            return None

    def write(self, name: str, body: bytes) -> None:
        with self.partial() as file:
            file.write(body)
            self.store(file, name, len(body), "")

    @contextmanager
    def partial(self) -> Generator[BinaryIO]:
        self._path.mkdir(parents=True, exist_ok=True)
        with (self._path / _PARTIAL).open("wb+") as file:
            yield file

    def store(self, partial: BinaryIO, name: str, size: int, sha256: str) -> None:
        partial.flush()
        os.fsync(partial.fileno())
        (self._path / _PARTIAL).replace(self._path / name)

    def holds(self, name: str, size: int, sha256: str) -> bool:
        try:
            with (self._path / name).open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest() == sha256
        except FileNotFoundError:
            return False


class _Bucket:
    def __init__(self, blobs: BlobStore, bucket: str, prefix: str) -> None:
        self._blobs = blobs
        self._bucket = bucket
        self._prefix = prefix

    def locate(self, name: str) -> str:
        return f"s3://{self._bucket}/{self._key(name)}"

    def _key(self, name: str) -> str:
        return f"{self._prefix}/{name}"

    def read(self, name: str) -> bytes | None:
        try:
            with self._blobs.get(self._key(name)) as stream:
                return stream.read()
        except NotFound as error:
            if error.reason != "no_such_object":
                raise
            return None

    def write(self, name: str, body: bytes) -> None:
        self._blobs.put(self._key(name), body, content_type="application/json")

    @contextmanager
    def partial(self) -> Generator[BinaryIO]:
        with tempfile.TemporaryFile() as file:
            yield file

    def store(self, partial: BinaryIO, name: str, size: int, sha256: str) -> None:
        partial.seek(0)
        key = self._key(name)
        self._blobs.abort_multipart(key)  # what a killed export left behind
        self._blobs.put(key, partial, size, sha256=sha256, metadata={_HASH: sha256})

    def holds(self, name: str, size: int, sha256: str) -> bool:
        try:
            found = self._blobs.stat(self._key(name))
        except NotFound as error:
            if error.reason != "no_such_object":
                raise
            return False
        return found.size == size and found.metadata.get(_HASH) == sha256
