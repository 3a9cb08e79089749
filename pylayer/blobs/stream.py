"""A download that continues where a broken connection left it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Self

from urllib3.response import BaseHTTPResponse

from pylayer.blobs.errors import translated
from pylayer.blobs.transport import BLOCK_BYTES
from pylayer.errors import Unavailable

__all__ = ["BlobStream"]

_MOST_RESUMES = 3


class BlobStream:
    """The bytes of an object or of a range of it; a context manager, and an iterator of chunks.

    Attributes:
        size: bytes in the range, or None when the server does not say.
    """

    def __init__(self, fetch: Callable[[int], BaseHTTPResponse]) -> None:
        self._fetch = fetch
        self._position = 0
        self._resumes = 0
        self._response = fetch(0)
        length = self._response.headers.get("content-length")
        self.size = None if length is None else int(length)

    def read(self, size: int = -1) -> bytes:
        """Return up to ``size`` bytes, all that are left when it is negative, b"" at the end.

        Raises:
            Unavailable: the connection broke, and broke again after it was resumed.
        """
        if size < 0:
            return b"".join(self)
        while True:
            try:
                with translated():
                    data = self._response.read(size, decode_content=False)
            except Unavailable:
                if self._resumes >= _MOST_RESUMES or self.size is None:
                    raise
                self._resume()
            else:
                self._position += len(data)
                return data

    def _resume(self) -> None:
        self.close()
        self._resumes += 1
        self._response = self._fetch(self._position)

    def close(self) -> None:
        """Give the connection back; an unread rest is dropped with it."""
        self._response.close()
        self._response.release_conn()

    def __iter__(self) -> Iterator[bytes]:
        while chunk := self.read(BLOCK_BYTES):
            yield chunk

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
