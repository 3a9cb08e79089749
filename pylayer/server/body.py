"""The body of a request of the ingest path, read under its size limits."""

from __future__ import annotations

from collections.abc import Iterable

from starlette.types import Receive

from pylayer.errors import TooLarge
from pylayer.events.encoding import MAX_BATCH_BYTES, MAX_EVENT_BYTES

__all__ = ["check_size", "is_array", "read_body"]

_WHITESPACE = b" \t\r\n"


def is_array(body: bytes) -> bool:
    """Return whether JSON is an array, if it is JSON at all."""
    return body.lstrip(_WHITESPACE).startswith(b"[")


async def read_body(receive: Receive, headers: Iterable[tuple[bytes, bytes]]) -> bytes | None:
    """Return the body of a request; None when the client goes away before its end.

    Raises:
        TooLarge: it is over the limit of a batch, or of an event when it begins as something else.
    """
    for name, value in headers:
        if name == b"content-length" and value.isdigit():
            _refuse_over(MAX_BATCH_BYTES, int(value), "too_many_bytes")
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        part: bytes = message.get("body", b"")
        size += len(part)
        parts.append(part)
        if not message.get("more_body", False):
            body = b"".join(parts) if len(parts) > 1 else part
            check_size(body, size)
            return body
        check_size(parts[0], size)


def check_size(body: bytes, size: int | None = None) -> None:
    """Refuse a body over its limit.

    Args:
        body: all of it, or its beginning.
        size: bytes so far; default those of ``body``.

    Raises:
        TooLarge: it is.
    """
    size = len(body) if size is None else size
    if size <= MAX_EVENT_BYTES:
        return
    if is_array(body) or not body.strip(_WHITESPACE):
        _refuse_over(MAX_BATCH_BYTES, size, "too_many_bytes")
    else:
        _refuse_over(MAX_EVENT_BYTES, size, "event_too_large")


def _refuse_over(limit: int, size: int, reason: str) -> None:
    if size > limit:
        raise TooLarge(
            "the request is over a size limit",
            reason=reason,
            detail=f"at least {size} bytes, limit {limit}",
            hint="send several batches; write large content as an artifact and refer to it",
        )
