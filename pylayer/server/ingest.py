"""``POST /telemetry/events``: single events by group commit, arrays as they came, CloudEvents in each mode.

The hot path of the server: an ASGI application of its own, which builds no model and leaves parsing to the
database. FastAPI only documents it.
"""

from __future__ import annotations

from collections.abc import Sequence

from starlette.types import Receive, Scope, Send

from pylayer.errors import Unauthenticated
from pylayer.events.models import IngestResult
from pylayer.server import answers
from pylayer.server.access import refuse_missing_scope
from pylayer.server.answers import Answer
from pylayer.server.body import check_size, is_array, read_body
from pylayer.server.cloudevents import Batch, convert
from pylayer.server.senders import Sender, Senders
from pylayer.server.store import EventStore

__all__ = ["Ingestion"]


class Ingestion:
    """Stores what requests bring, and answers once it is committed.

    Args:
        senders: know the API keys.
        store: where events go.
    """

    def __init__(self, senders: Senders, store: EventStore) -> None:
        self._senders = senders
        self._store = store

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request.

        Raises:
            PylayerError: nothing of the request is stored.
        """
        headers: Sequence[tuple[bytes, bytes]] = scope["headers"]
        sender = await self._senders.of(headers)
        refuse_missing_scope(sender.principal, "events:write")
        body = await read_body(receive, headers)
        if body is None:
            return
        try:
            status, answer = await self._store_body(sender, headers, body)
        except Unauthenticated:
            self._senders.forget(sender)
            raise
        length = (b"content-length", b"%d" % len(answer))
        await send(
            {
                "type": "http.response.start",
                "status": status,
                "headers": [(b"content-type", b"application/json"), length],
            }
        )
        await send({"type": "http.response.body", "body": answer})

    async def _store_body(
        self, sender: Sender, headers: Sequence[tuple[bytes, bytes]], body: bytes
    ) -> Answer:
        if _may_be_cloudevents(headers):
            text = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers]
            converted = convert(text, body)
            if isinstance(converted, Batch):
                return await self._store_cloudevents(sender, converted)
            if converted is not None:
                check_size(converted)
                return answers.of_single(await sender.group.add(converted))
        if is_array(body):
            return answers.of_batch(await self._store.batch(sender.key_hash, body))
        return answers.of_single(await sender.group.add(body))

    async def _store_cloudevents(self, sender: Sender, batch: Batch) -> Answer:
        rows = await self._store.batch(sender.key_hash, batch.events)
        fields = IngestResult.model_fields
        stored = [IngestResult.model_validate(dict(zip(fields, row, strict=True))) for row in rows]
        return answers.of_batch([tuple(dict(result).values()) for result in batch.results(stored)])


def _may_be_cloudevents(headers: Sequence[tuple[bytes, bytes]]) -> bool:
    return any(
        name.startswith(b"ce-") or (name == b"content-type" and b"cloudevents" in value.lower())
        for name, value in headers
    )
