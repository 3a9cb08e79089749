"""The body of a request as a temporary file: memory does not grow with it."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import BinaryIO, cast

from fastapi import Request
from starlette.requests import ClientDisconnect

from pylayer.errors import InvalidInput, TooLarge

__all__ = ["spooled_body"]

_IN_MEMORY_BYTES = 1024 * 1024


@asynccontextmanager
async def spooled_body(request: Request, limit: int) -> AsyncGenerator[BinaryIO]:
    """Yield a request's body as a file that stands at its start and is gone afterwards.

    Args:
        request: the request, its body unread.
        limit: most bytes that are taken; where a longer length is announced, nothing is read.

    Raises:
        TooLarge: ``upload_too_large``. InvalidInput: ``incomplete_body``, the sender went away.
    """
    announced = request.headers.get("content-length", "0")
    _check_size(int(announced) if announced.isdecimal() else 0, limit)
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES) as file:
        size = 0
        try:
            async for chunk in request.stream():
                size += len(chunk)
                _check_size(size, limit)
                await asyncio.to_thread(file.write, chunk)
        except ClientDisconnect as error:
            raise InvalidInput("the body did not arrive", reason="incomplete_body") from error
        file.seek(0)
        yield cast("BinaryIO", file)


def _check_size(size: int, limit: int) -> None:
    if size > limit:
        raise TooLarge(
            "the content is over the limit of this server",
            reason="upload_too_large",
            detail=f"limit: {limit} bytes",
            hint="store it with the Python client, or raise PYLAYER_MAX_UPLOAD_BYTES",
        )
