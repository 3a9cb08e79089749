"""Reading content as a stream that proves itself at its end."""

from __future__ import annotations

import asyncio
import hashlib
import io
from collections.abc import AsyncIterator, Callable
from types import TracebackType
from typing import Any, Self

from pylayer.artifacts.models import StoredContent
from pylayer.blobs import BlobStore, BlobStream
from pylayer.calls import Plan, Runner
from pylayer.errors import Conflict

__all__ = ["ArtifactReader", "AsyncArtifactReader", "Opening"]

_CHUNK_BYTES = 1024 * 1024


class ArtifactReader(io.RawIOBase):
    """The content of a version as a readable binary file.

    The last read, the one that returns ``b""``, raises `Conflict` with the reason ``hash_mismatch`` when the
    bytes are not those that were stored. Whoever stops before has not verified anything.

    Attributes:
        content: the version's size, hash, media type and place.
    """

    def __init__(self, content: StoredContent, stream: BlobStream | io.BytesIO) -> None:
        super().__init__()
        self.content = content
        self._stream = stream
        self._digest = hashlib.sha256()

    @classmethod
    def of(cls, content: StoredContent, blobs: BlobStore) -> Self:
        """Open the content where it is stored."""
        if content.storage_key is None:
            return cls(content, io.BytesIO((content.inline_content_text or "").encode()))
        return cls(content, blobs.get(content.storage_key))

    def readable(self) -> bool:
        """Return True: this is a file to read."""
        return True

    def read(self, size: int = -1, /) -> bytes:
        """Return up to ``size`` bytes, all that are left when it is negative, b"" at the verified end."""
        if size < 0:
            return self.readall()
        if size == 0:
            return b""
        chunk = self._stream.read(size)
        if chunk:
            self._digest.update(chunk)
        elif (found := self._digest.hexdigest()) != self.content.content_hash:
            raise Conflict(
                "the content is not what was stored",
                reason="hash_mismatch",
                detail=f"sha256 {found}, expected {self.content.content_hash}",
                hint="restore the object from a backup",
            )
        return chunk

    def readall(self) -> bytes:
        """Return all that is left, verified."""
        return b"".join(iter(lambda: self.read(_CHUNK_BYTES), b""))

    def readinto(self, buffer: Any, /) -> int:
        """Fill a buffer and return the number of bytes, 0 at the verified end."""
        view = memoryview(buffer).cast("B")
        chunk = self.read(len(view))
        view[: len(chunk)] = chunk
        return len(chunk)

    def close(self) -> None:
        """Give the connection back."""
        if not self.closed:
            self._stream.close()
        super().close()


class AsyncArtifactReader:
    """The content of a version as an asynchronous stream; verified like `ArtifactReader`.

    Attributes:
        content: the version's size, hash, media type and place.
    """

    def __init__(self, reader: ArtifactReader) -> None:
        self.content = reader.content
        self._reader = reader

    async def read(self, size: int = -1) -> bytes:
        """Return up to ``size`` bytes, all that are left when it is negative, b"" at the verified end."""
        return await asyncio.to_thread(self._reader.read, size)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while chunk := await self.read(_CHUNK_BYTES):
            yield chunk


class Opening:
    """What ``open`` returns: enter it with ``with``, or with ``async with`` on an async client."""

    def __init__(self, runner: Runner, plan: Callable[[], Plan[ArtifactReader]]) -> None:
        self._runner = runner
        self._plan = plan
        self._reader: ArtifactReader | None = None

    def __enter__(self) -> ArtifactReader:
        self._reader = reader = self._runner.run(self._plan())
        return reader

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._reader is not None:
            self._reader.close()

    async def __aenter__(self) -> AsyncArtifactReader:
        self._reader = reader = await self._runner.run(self._plan())
        return AsyncArtifactReader(reader)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._reader is not None:
            await asyncio.to_thread(self._reader.close)
