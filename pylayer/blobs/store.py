"""`BlobStore`: the objects of one bucket on any S3 server."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import BinaryIO, Self

from minio.commonconfig import CopySource
from urllib3.response import BaseHTTPResponse

from pylayer.blobs.errors import translated
from pylayer.blobs.multipart import Progress, abort_uploads, upload
from pylayer.blobs.stream import BlobStream
from pylayer.blobs.transport import BlobConfig, Transport
from pylayer.config import Settings
from pylayer.errors import Conflict, InvalidInput, NotFound

__all__ = ["BlobStat", "BlobStore"]

_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class BlobStat:
    """What a server knows of an object.

    Attributes:
        key: the object's key.
        size: its length in bytes.
        etag: the server's entity tag; not a hash of the content on every server.
        content_type: the media type that it was stored with.
        metadata: the user's metadata, names in lower case.
        last_modified: when it was stored.
    """

    key: str
    size: int
    etag: str | None = None
    content_type: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict[str, str])
    last_modified: datetime | None = None


class BlobStore:
    """The objects of one bucket. Safe to share between threads.

    Every method raises the exceptions of `pylayer.errors`, whatever the server is: `Unavailable` when it does
    not answer (after a few attempts, within seconds), `Forbidden` for a wrong key, `NotFound` for a missing
    object or bucket, `InvalidInput` with the reason ``no_object_store`` when none is configured.

    Example:
        >>> store = BlobStore.from_settings(Settings.load())                     # doctest: +SKIP
        >>> store.put("reports/1.md", b"# All well", content_type="text/markdown")  # doctest: +SKIP
    """

    def __init__(self, config: BlobConfig | None) -> None:
        self._config = config

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """Return the store that the settings name, without connecting to it."""
        return cls(BlobConfig.from_settings(settings))

    @property
    def configured(self) -> bool:
        """Whether the settings name an object store."""
        return self._config is not None

    @cached_property
    def _transport(self) -> Transport:
        if self._config is None:
            raise InvalidInput(
                "no object storage is configured",
                reason="no_object_store",
                hint="set AWS_ENDPOINT_URL_S3, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY,"
                " or start the embedded stack: pylayer up",
            )
        return Transport(self._config)

    def put(
        self,
        key: str,
        source: BinaryIO | bytes,
        size: int | None = None,
        *,
        sha256: str | None = None,
        content_type: str = "application/octet-stream",
        metadata: Mapping[str, str] | None = None,
        progress: Progress | None = None,
    ) -> str:
        """Store an object, replacing one of the same key, and return the sha256 of its bytes.

        A stream is read once, from where it stands, in parts; memory does not grow with its length. Nothing
        is visible under the key until all of it has arrived; a failure removes the parts sent so far.

        Args:
            key: the object's key.
            source: the bytes, or a binary stream.
            size: bytes to store; needed for a stream.
            sha256: hexadecimal hash that the bytes must have.
            content_type: the media type to store with it.
            metadata: ASCII names and values to store with it.
            progress: called with the bytes sent since the last call.

        Raises:
            Conflict: ``content_changed``, the stream is shorter than ``size`` or has another hash.
        """
        if isinstance(source, bytes):
            size = len(source) if size is None else size
            source = io.BytesIO(source)
        if size is None or size < 0:
            raise InvalidInput("the size of a stream must be given", reason="size_missing")
        headers = {"Content-Type": content_type, **_metadata_headers(metadata or {})}
        return upload(self._transport, key, source, size, sha256=sha256, headers=headers, progress=progress)

    def get(self, key: str, *, offset: int = 0, length: int | None = None) -> BlobStream:
        """Open an object, or ``length`` bytes of it from ``offset``, for streaming.

        Returns:
            A `BlobStream`; use it in a ``with`` block.
        """
        if offset < 0 or (length is not None and length < 1):
            raise InvalidInput(
                "the range is not usable", reason="bad_range", detail=f"offset {offset}, length {length}"
            )
        transport = self._transport

        def fetch(position: int) -> BaseHTTPResponse:
            rest = 0 if length is None else length - position
            with translated():
                return transport.minio.get_object(transport.bucket, key, offset + position, rest)

        return BlobStream(fetch)

    def stat(self, key: str) -> BlobStat:
        """Return what the server knows of an object."""
        with translated():
            found = self._transport.minio.stat_object(self._transport.bucket, key)
        prefix = "x-amz-meta-"
        return BlobStat(
            key=key,
            size=found.size or 0,
            etag=found.etag,
            content_type=found.content_type,
            metadata={
                name.lower().removeprefix(prefix): value
                for name, value in (found.metadata or {}).items()
                if name.lower().startswith(prefix)
            },
            last_modified=found.last_modified,
        )

    def exists(self, key: str) -> bool:
        """Return whether there is an object with this key."""
        try:
            self.stat(key)
        except NotFound:
            return False
        return True

    def copy(self, source: str, target: str) -> None:
        """Copy an object inside the server; one of more than 5 GiB part by part."""
        bucket = self._transport.bucket
        with translated():
            self._transport.minio.copy_object(bucket, target, CopySource(bucket, source))

    def delete(self, key: str) -> None:
        """Delete an object; one that does not exist is no error."""
        try:
            with translated():
                self._transport.minio.remove_object(self._transport.bucket, key)
        except NotFound as error:
            if error.reason != "no_such_object":
                raise

    def abort_multipart(self, key: str) -> int:
        """Drop the parts of every unfinished upload of a key, and return how many uploads there were."""
        return abort_uploads(self._transport, key)

    def presigned_get(self, key: str, expires: timedelta = _HOUR) -> str:
        """Return a URL that anybody may read the object with until it expires (at most 7 days)."""
        with translated():
            return self._transport.minio.presigned_get_object(self._transport.bucket, key, expires)

    def presigned_put(self, key: str, expires: timedelta = _HOUR) -> str:
        """Return a URL that anybody may store the object with until it expires (at most 7 days)."""
        with translated():
            return self._transport.minio.presigned_put_object(self._transport.bucket, key, expires)

    def check(self) -> None:
        """Return when the bucket can be reached, else raise why not."""
        with translated():
            found = self._transport.minio.bucket_exists(self._transport.bucket)
        if not found:
            raise NotFound(
                "the bucket does not exist",
                reason="no_such_bucket",
                detail=self._transport.bucket,
                hint="create the bucket, or set S3_BUCKET",
            )

    def make_bucket(self) -> bool:
        """Make the bucket unless it exists, and return whether it was made."""
        bucket, minio = self._transport.bucket, self._transport.minio
        try:
            with translated():
                if minio.bucket_exists(bucket):
                    return False
                minio.make_bucket(bucket)
        except Conflict:  # somebody else made it in between
            self.check()
            return False
        return True


def _metadata_headers(metadata: Mapping[str, str]) -> dict[str, str]:
    for name, value in metadata.items():
        if not (name.isascii() and value.isascii() and value.isprintable()):
            raise InvalidInput(
                "metadata of an object must be printable ASCII", reason="bad_metadata", detail=name
            )
    return {f"x-amz-meta-{name.lower()}": value for name, value in metadata.items()}
