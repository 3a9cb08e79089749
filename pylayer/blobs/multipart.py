"""Streaming uploads: one request for what fits a part, else parts in parallel, with flat memory."""

from __future__ import annotations

import hashlib
import re
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from html import unescape
from typing import BinaryIO
from xml.sax.saxutils import escape

from minio.datatypes import ListMultipartUploadsResult

from pylayer.blobs.errors import response_error
from pylayer.blobs.transport import Transport
from pylayer.errors import Conflict, NotFound, PylayerError

__all__ = ["PART_BYTES", "Progress", "abort_uploads", "upload"]

Progress = Callable[[int], None]
"""Called with the number of bytes that were sent since the last call."""

PART_BYTES = 8 * 1024 * 1024
_MOST_PARTS = 10_000
_IN_FLIGHT = 3


def upload(
    transport: Transport,
    key: str,
    source: BinaryIO,
    size: int,
    *,
    sha256: str | None,
    headers: Mapping[str, str],
    progress: Progress | None,
) -> str:
    """Store ``size`` bytes of ``source`` under ``key`` and return their sha256.

    Raises:
        Conflict: ``content_changed``, the bytes read are fewer than ``size`` or have another hash than
            ``sha256``; no object is made then.
    """
    tell = progress or _silent
    if size <= PART_BYTES:
        body = _read_exactly(source, size)
        digest = hashlib.sha256(body).hexdigest()
        _check(digest, sha256)
        transport.request("PUT", key, headers=headers, body=body, body_sha256=digest)
        tell(size)
        return digest
    multipart = _Multipart(transport, key, headers)
    try:
        digest = multipart.send(source, size, tell)
        _check(digest, sha256)
        multipart.complete()
    except BaseException:
        with suppress(PylayerError):
            multipart.abort()
        raise
    return digest


class _Multipart:
    """One multipart upload, from its start to its completion or abort."""

    def __init__(self, transport: Transport, key: str, headers: Mapping[str, str]) -> None:
        self._transport = transport
        self._key = key
        self._tags: list[str] = []
        started = transport.request("POST", key, query={"uploads": ""}, headers=headers)
        found = re.search(rb"<UploadId>([^<]+)</UploadId>", started.data)
        if found is None:
            raise response_error(started)
        self._id = unescape(found[1].decode())

    def send(self, source: BinaryIO, size: int, tell: Progress) -> str:
        """Send every part and return the sha256 of what was sent.

        The next part is read and hashed while earlier ones are under way: both release the GIL.
        """
        part_bytes = max(PART_BYTES, -(-size // _MOST_PARTS))
        digest = hashlib.sha256()
        under_way: deque[tuple[Future[str], int]] = deque()

        def collect() -> None:
            future, length = under_way.popleft()
            self._tags.append(future.result())
            tell(length)

        with ThreadPoolExecutor(_IN_FLIGHT, thread_name_prefix="pylayer-upload") as workers:
            try:
                for number, start in enumerate(range(0, size, part_bytes), 1):
                    body = _read_exactly(source, min(part_bytes, size - start))
                    under_way.append((workers.submit(self._send_part, number, body), len(body)))
                    digest.update(body)
                    del body
                    if len(under_way) >= _IN_FLIGHT:
                        collect()
                while under_way:
                    collect()
            except BaseException:
                workers.shutdown(wait=True, cancel_futures=True)
                raise
        return digest.hexdigest()

    def _send_part(self, number: int, body: bytes) -> str:
        query = {"partNumber": str(number), "uploadId": self._id}
        sent = self._transport.request("PUT", self._key, query=query, body=body)
        return sent.headers.get("etag", "").strip('"')

    def complete(self) -> None:
        """Make the object from its parts."""
        parts = "".join(
            f"<Part><PartNumber>{number}</PartNumber><ETag>&quot;{escape(tag)}&quot;</ETag></Part>"
            for number, tag in enumerate(self._tags, 1)
        )
        body = f"<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>".encode()
        self._transport.request(
            "POST",
            self._key,
            query={"uploadId": self._id},
            headers={"Content-Type": "application/xml"},
            body=body,
            body_sha256=hashlib.sha256(body).hexdigest(),
            server_side=True,
        )

    def abort(self) -> None:
        """Drop the parts sent so far."""
        self._transport.request("DELETE", self._key, query={"uploadId": self._id})


def abort_uploads(transport: Transport, key: str) -> int:
    """Abort every unfinished multipart upload of ``key`` and return their number."""
    aborted = 0
    markers: dict[str, str] = {}
    while True:
        query = {"uploads": "", "prefix": key, "max-uploads": "1000", "encoding-type": "url", **markers}
        try:
            page = ListMultipartUploadsResult(transport.request("GET", None, query=query))
        except NotFound as error:
            if error.reason == "no_such_upload":  # rclone's answer when there are none
                return aborted
            raise
        for found in page.uploads:
            if found.object_name == key:
                with suppress(NotFound):
                    transport.request("DELETE", key, query={"uploadId": found.upload_id or ""})
                    aborted += 1
        following = {
            "key-marker": page.next_key_marker or "",
            "upload-id-marker": page.next_upload_id_marker or "",
        }
        if not page.is_truncated or following == markers:
            return aborted
        markers = following


def _read_exactly(source: BinaryIO, size: int) -> bytes:
    data = source.read(size)
    if len(data) == size:
        return data
    pieces = [data]
    missing = size - len(data)
    while missing and data:
        data = source.read(missing)
        pieces.append(data)
        missing -= len(data)
    if missing:
        raise Conflict(
            "the content became shorter while it was read",
            reason="content_changed",
            detail=f"{missing} bytes are missing",
            hint="write it again when nothing else changes it",
        )
    return b"".join(pieces)


def _check(digest: str, expected: str | None) -> None:
    if expected is not None and digest != expected:
        raise Conflict(
            "the content changed while it was read",
            reason="content_changed",
            detail=f"sha256 {digest}, expected {expected}",
            hint="write it again when nothing else changes it",
        )


def _silent(_sent: int) -> None:
    return None
