"""Events to JSON, with the size limits checked before anything is sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any, cast

from pydantic_core import PydanticSerializationError, to_json

from pylayer.errors import InvalidInput, TooLarge
from pylayer.events.models import Event, EventInput

__all__ = ["MAX_BATCH_BYTES", "MAX_BATCH_EVENTS", "MAX_EVENT_BYTES", "encode_batch", "encode_event"]

# The defaults of core.settings, where the database reads its own.
MAX_EVENT_BYTES = 1_048_576
MAX_BATCH_EVENTS = 10_000
MAX_BATCH_BYTES = 64 * 1_048_576


_SLICE_EVENTS = 256  # encoded at once, so that a batch over the limit is noticed before all of it is encoded
_SIZED = frozenset((str, bytes, list, tuple, dict))


def encode_event(event: EventInput) -> str:
    """Return the JSON of one event.

    Raises:
        InvalidInput: not a mapping, or a value that JSON or Unicode cannot hold.
        TooLarge: over ``MAX_EVENT_BYTES``.
    """
    encoded = _to_json(_document(event))
    _check_event_size(len(encoded))
    return encoded.decode()


def encode_batch(events: Iterable[EventInput]) -> str:
    """Return the JSON array of a batch.

    Raises:
        InvalidInput: as `encode_event`.
        TooLarge: an event or the batch is over a limit.
    """
    parts: list[bytes] = []
    count = size = 0
    rest = iter(events)
    while documents := [_document(event) for event in islice(rest, _SLICE_EVENTS)]:
        part = _to_json(documents)
        if len(part) > MAX_EVENT_BYTES:  # only then can one of its events be over the limit
            for document in documents:
                _check_event_size(len(_to_json(document)))
        parts.append(part[1:-1])
        count += len(documents)
        size += len(part)
        if count > MAX_BATCH_EVENTS or size > MAX_BATCH_BYTES:
            raise TooLarge(
                "batch is over a limit",
                reason="too_many_events",
                detail=f"limits: {MAX_BATCH_EVENTS} events, {MAX_BATCH_BYTES} bytes",
                hint="send several batches",
            )
    return f"[{b','.join(parts).decode()}]"


def _to_json(document: Any) -> bytes:
    try:
        return to_json(document, inf_nan_mode="constants")
    except (PydanticSerializationError, RecursionError, ValueError) as error:
        raise InvalidInput(
            "event cannot be written as JSON", code="22P02", detail=str(error)[:200]
        ) from error


def _document(event: EventInput) -> Mapping[str, Any]:
    """Return the event as a mapping; refuse what is obviously too large before the work of encoding it."""
    document = {k: v for k, v in event if v is not None} if isinstance(event, Event) else event
    if not isinstance(document, (dict, Mapping)):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidInput("event is not a mapping", reason="not_an_object", detail=type(document).__name__)
    _refuse_huge_values(document)
    payload: Any = document.get("payload")
    if isinstance(payload, dict):
        _refuse_huge_values(cast("dict[str, Any]", payload))
    return document


def _refuse_huge_values(document: Mapping[str, Any]) -> None:
    for value in document.values():
        if type(value) in _SIZED and len(value) > MAX_EVENT_BYTES:
            _check_event_size(len(value))


def _check_event_size(size: int) -> None:
    if size > MAX_EVENT_BYTES:
        raise TooLarge(
            "event is over max_event_bytes",
            reason="event_too_large",
            detail=f"{size} bytes, limit {MAX_EVENT_BYTES}",
            hint="write large content as an artifact and refer to it",
        )
