"""The content of a version as an HTTP response: conditional, in ranges, streamed and verified."""

from __future__ import annotations

import asyncio
import io
import logging
import mimetypes
import re
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Protocol

from fastapi.responses import Response, StreamingResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

from pylayer.artifacts.models import StoredContent
from pylayer.artifacts.reader import ArtifactReader
from pylayer.blobs import BlobStore
from pylayer.errors import PylayerError
from pylayer.server.pages import Maybe

__all__ = ["Conditions", "Span", "content_response", "requested_span"]

_CHUNK_BYTES = 1024 * 1024
_RANGE = re.compile(r"bytes=\s*(?P<first>[0-9]{0,19})-(?P<last>[0-9]{0,19})\s*", re.IGNORECASE | re.ASCII)
_TYPES = mimetypes.MimeTypes()  # the built-in table only: the same answer on every machine
_log = logging.getLogger("pylayer.server")


class Conditions(BaseModel):
    """The headers that decide what of the content is sent.

    Attributes:
        if_none_match: entity tags that the client has: 304 when the content's is among them.
        range: one range of bytes.
        if_range: the entity tag that the client has a part of: all is sent when the content has another one.
    """

    if_none_match: Maybe[str] = None
    range: Maybe[str] = None
    if_range: Maybe[str] = None


@dataclass(frozen=True, slots=True)
class Span:
    """A part of some content.

    Attributes:
        start: the first byte, from 0.
        length: bytes, at least 1.
    """

    start: int
    length: int


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...
    def close(self) -> None: ...


async def content_response(
    content: StoredContent, blobs: BlobStore, asked: Conditions, *, head: bool = False
) -> Response:
    """Return the response to a request for content; of a long one only the start has been read.

    Args:
        content: where the content is.
        blobs: where its object is.
        asked: the request's conditions.
        head: headers only; object storage is not asked.

    Raises:
        HTTPException: 416, the range lies outside.
        NotFound: the object is not there.
        Conflict: ``hash_mismatch``, when the content is so short that all of it has been read by now.
    """
    etag = f'"{content.content_hash}"'
    sent = {
        "ETag": etag,
        "Cache-Control": "private, no-cache",  # a key may be revoked, and content deleted
        "Accept-Ranges": "bytes",
        "Content-Type": content.mime_type,
        "Content-Length": str(content.size_bytes),
        "Content-Disposition": f'attachment; filename="{_file_name(content)}"',
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "X-Content-Type-Options": "nosniff",
    }
    if _matches(asked.if_none_match or "", etag):
        return Response(status_code=304, headers={name: sent[name] for name in ("ETag", "Cache-Control")})
    if head:
        return Response(headers=sent)
    span = requested_span(asked, etag, content.size_bytes)
    if span is None:
        return await _streamed(await asyncio.to_thread(ArtifactReader.of, content, blobs), 200, sent)
    last = span.start + span.length - 1
    sent["Content-Range"] = f"bytes {span.start}-{last}/{content.size_bytes}"
    sent["Content-Length"] = str(span.length)
    return await _streamed(await asyncio.to_thread(_part, content, blobs, span), 206, sent)


def requested_span(asked: Conditions, etag: str, size: int) -> Span | None:
    """Return the part of the content that a request asks for, None for all of it.

    Several ranges, another unit and what is no range are answered with all of it, as HTTP allows.

    Raises:
        HTTPException: 416, no byte of the content lies in the range.
    """
    found = _RANGE.fullmatch(asked.range or "")
    if found is None or asked.if_range not in (None, etag):
        return None
    first, last = found["first"], found["last"]
    if (not first and not last) or (first and last and int(last) < int(first)):
        return None
    start = int(first) if first else max(0, size - int(last))
    end = min(size, int(last) + 1) if first and last else size
    if start >= end:
        raise HTTPException(416, headers={"Content-Range": f"bytes */{size}"})
    return Span(start, end - start)


def _matches(given: str, etag: str) -> bool:
    tags = [tag.strip().removeprefix("W/") for tag in given.split(",")]
    return etag in tags or "*" in tags


def _file_name(content: StoredContent) -> str:
    kind = content.mime_type.partition(";")[0].strip().lower()
    return f"{content.artifact_id}-v{content.version}{_TYPES.guess_extension(kind) or ''}"


def _part(content: StoredContent, blobs: BlobStore, span: Span) -> _Readable:
    if content.storage_key is not None:
        return blobs.get(content.storage_key, offset=span.start, length=span.length)
    with ArtifactReader.of(content, blobs) as reader:
        return io.BytesIO(reader.readall()[span.start : span.start + span.length])


async def _streamed(source: _Readable, status: int, headers: dict[str, str]) -> Response:
    try:
        held = await asyncio.to_thread(source.read, _CHUNK_BYTES)
        following = held and await asyncio.to_thread(source.read, _CHUNK_BYTES)
    except BaseException:
        source.close()
        raise
    if following:
        return _Stream(source, (held, following), status, headers)
    source.close()
    return Response(held, status, headers)


class _Stream(StreamingResponse):
    """Sends a source to its end, or breaks the connection.

    The last chunk is sent only after the read that follows it has verified the whole: wrong content never
    arrives complete.
    """

    def __init__(
        self, source: _Readable, begun: tuple[bytes, bytes], status: int, headers: dict[str, str]
    ) -> None:
        super().__init__(self._chunks(*begun), status, headers)
        self._source = source

    async def _chunks(self, held: bytes, following: bytes) -> AsyncGenerator[bytes]:
        while following:
            yield held
            held, following = following, await asyncio.to_thread(self._source.read, _CHUNK_BYTES)
        yield held

    async def stream_response(self, send: Send) -> None:
        """Send the chunks; after a failure the body stays shorter than its Content-Length."""
        try:
            await super().stream_response(send)
        except PylayerError as error:
            _log.error("stopped sending content: %s", error)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._source.close()
