"""Turning what a caller hands over into hashed bytes that can be read again from their start."""

from __future__ import annotations

import hashlib
import io
import json
import mimetypes
import os
import stat
import tempfile
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any, BinaryIO, TypeAlias, cast

from pylayer.artifacts.progress import shown
from pylayer.errors import Forbidden, InvalidInput, NotFound

__all__ = ["INLINE_LIMIT_BYTES", "Content", "Prepared", "is_text_type", "prepare"]

INLINE_LIMIT_BYTES = 512_000
"""Text of up to this many bytes goes into the database; the server's setting has the last word."""

HEAD_BYTES = 64 * 1024
_CHUNK_BYTES = 1024 * 1024

Content: TypeAlias = "str | bytes | bytearray | memoryview | dict[str, Any] | list[Any] | Path | BinaryIO"
"""Text, bytes, a JSON document, the path of a file, or a binary stream (read from where it stands)."""

_BINARY = "application/octet-stream"
_TEXT_APPLICATIONS = {
    "json",
    "jsonl",
    "x-ndjson",
    "xml",
    "yaml",
    "x-yaml",
    "toml",
    "javascript",
    "sql",
    "x-sh",
}
_TEXT_SUFFIXES = ("+json", "+xml", "+yaml")
_MORE_TYPES = {
    ".md": "text/markdown",
    ".yaml": "application/yaml",
    ".yml": "application/yaml",
    ".toml": "application/toml",
    ".jsonl": "application/x-ndjson",
    ".ndjson": "application/x-ndjson",
    ".sql": "application/sql",
    ".parquet": "application/vnd.apache.parquet",
}
_COMPRESSIONS = {"gzip": "application/gzip", "bzip2": "application/x-bzip2", "xz": "application/x-xz"}
_TYPES = mimetypes.MimeTypes()  # the built-in table only: the same answer on every machine


@dataclass
class Prepared:
    """Hashed content.

    Attributes:
        size: its length in bytes.
        sha256: hash of its bytes, in hexadecimal.
        mime_type: the media type given or guessed.
        text: the whole content when it belongs into the database, else None.
        head: its first 64 KiB.
        name: the file's name, where known.
    """

    size: int
    sha256: str
    mime_type: str
    text: str | None
    head: bytes = field(repr=False)
    name: str | None
    _source: BinaryIO = field(repr=False)
    _start: int = 0
    _owned: bool = True

    def rewound(self) -> BinaryIO:
        """Return the stream, standing at the content's start."""
        self._source.seek(self._start)
        return self._source

    def close(self) -> None:
        """Close the stream, or leave the caller's own where it stood."""
        _release(self._source, self._start, owned=self._owned)


def is_text_type(mime_type: str) -> bool:
    """Return whether content of a media type is text."""
    kind = mime_type.partition(";")[0].strip().lower()
    family, _, name = kind.partition("/")
    known = family == "application" and name in _TEXT_APPLICATIONS
    return known or family == "text" or name.endswith(_TEXT_SUFFIXES)


def prepare(content: Content, mime_type: str | None) -> Prepared:
    """Hash the content; a stream that can't be rewound goes to a temporary file meanwhile.

    Raises:
        InvalidInput: not a kind of content that can be stored, text that is not Unicode, JSON with NaN, a
            path that is no regular file, a stream of text.
        NotFound: ``no_such_file``.
        Forbidden: ``unreadable_file``.
    """
    match content:
        case str():
            return _from_bytes(_encoded(content), mime_type or "text/plain")
        case bytes() | bytearray() | memoryview():
            return _from_bytes(bytes(content), mime_type or _BINARY)
        case dict() | list():
            return _from_bytes(_encoded(_json(content)), mime_type or "application/json")
        case os.PathLike():
            return _from_path(Path(cast("os.PathLike[str]", content)), mime_type)
        case _ if callable(getattr(content, "read", None)):
            return _from_stream(content, mime_type)
        case _:
            raise InvalidInput(
                "this kind of content can't be stored",
                reason="bad_content",
                detail=type(content).__name__,
                hint="pass str, bytes, a dict, a list, a Path or a binary stream",
            )


def _encoded(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise InvalidInput("text is not valid Unicode", code="22021", detail=str(error)) from error


def _json(document: Any) -> str:
    try:
        return json.dumps(document, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidInput(
            "the content is not a JSON document", reason="bad_json", detail=str(error)
        ) from error


def _from_bytes(body: bytes, mime_type: str, name: str | None = None) -> Prepared:
    return Prepared(
        size=len(body),
        sha256=hashlib.sha256(body).hexdigest(),
        mime_type=mime_type,
        text=_inline_text(body, mime_type),
        head=body[:HEAD_BYTES],
        name=name,
        _source=io.BytesIO(body),
    )


def _inline_text(body: bytes, mime_type: str) -> str | None:
    if len(body) > INLINE_LIMIT_BYTES or not is_text_type(mime_type) or b"\0" in body:
        return None
    try:
        return body.decode()
    except UnicodeDecodeError:
        return None


def _from_path(path: Path, mime_type: str | None) -> Prepared:
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise InvalidInput("the path is not a regular file", reason="not_a_file", detail=str(path))
        file = path.open("rb")
    except FileNotFoundError as error:
        raise NotFound("there is no such file", reason="no_such_file", detail=str(path)) from error
    except PermissionError as error:
        raise Forbidden("the file can't be read", reason="unreadable_file", detail=str(path)) from error
    except (OSError, ValueError) as error:  # a loop of links, NUL in the name
        raise InvalidInput("the path is not usable", reason="not_a_file", detail=str(error)) from error
    return _from_seekable(file, mime_type, path.name, owned=True)


def _from_stream(stream: BinaryIO, mime_type: str | None) -> Prepared:
    given = getattr(stream, "name", None)
    name = PurePath(given).name if isinstance(given, str) else None
    if callable(getattr(stream, "seekable", None)) and stream.seekable():
        return _from_seekable(stream, mime_type, name, owned=False)
    spool = cast("BinaryIO", tempfile.SpooledTemporaryFile(max_size=2 * _CHUNK_BYTES))  # noqa: SIM115
    try:
        while chunk := _read(stream, _CHUNK_BYTES):
            spool.write(chunk)
        spool.seek(0)
        return _from_seekable(spool, mime_type, name, owned=True)
    except BaseException:
        spool.close()
        raise


def _from_seekable(stream: BinaryIO, mime_type: str | None, name: str | None, *, owned: bool) -> Prepared:
    start = stream.tell()
    try:
        total = stream.seek(0, os.SEEK_END) - start
        stream.seek(start)
        body = _read_up_to(stream, INLINE_LIMIT_BYTES + 1)
        kind = mime_type or _guessed(name)
        if len(body) <= INLINE_LIMIT_BYTES:
            _release(stream, start, owned=owned)
            return _from_bytes(body, kind, name)
        with shown("hashing", total, None) as tell:
            digest, size = hashlib.sha256(body), len(body)
            while chunk := _read(stream, _CHUNK_BYTES):
                digest.update(chunk)
                size += len(chunk)
                tell(len(chunk))
    except BaseException:
        _release(stream, start, owned=owned)
        raise
    return Prepared(size, digest.hexdigest(), kind, None, body[:HEAD_BYTES], name, stream, start, owned)


def _release(stream: BinaryIO, start: int, *, owned: bool) -> None:
    if owned:
        stream.close()
    else:
        stream.seek(start)


def _read_up_to(stream: BinaryIO, size: int) -> bytes:
    pieces: list[bytes] = []
    while size and (chunk := _read(stream, size)):
        pieces.append(chunk)
        size -= len(chunk)
    return b"".join(pieces)


def _read(stream: BinaryIO, size: int) -> bytes:
    chunk: Any = stream.read(size)
    if isinstance(chunk, bytes):
        return chunk
    raise InvalidInput(
        "the stream does not give bytes",
        reason="text_stream",
        detail=type(chunk).__name__,
        hint="open the file in binary mode",
    )


def _guessed(name: str | None) -> str:
    if name is None:
        return _BINARY
    if found := _MORE_TYPES.get(PurePath(name).suffix.lower()):
        return found
    kind, compression = _TYPES.guess_type(name)
    if compression:
        return _COMPRESSIONS.get(compression, _BINARY)
    return kind or _BINARY
