"""Events to JSON, with the size limits checked before anything is sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NoReturn, cast

from pydantic_core import PydanticSerializationError, to_json

from pylayer.errors import InvalidInput, TooLarge
from pylayer.events.models import Event, EventInput

__all__ = ["MAX_BATCH_BYTES", "MAX_BATCH_EVENTS", "MAX_EVENT_BYTES", "encode_batch", "encode_event"]

# The defaults of core.settings, where the database reads its own.
MAX_EVENT_BYTES = 1_048_576
MAX_BATCH_EVENTS = 10_000
MAX_BATCH_BYTES = 64 * 1_048_576
_SIZED = frozenset((str, bytes, list, tuple, dict))


def encode_event(event: EventInput) -> str:
    """Return the JSON of one event.

    Raises:
        InvalidInput: not a mapping, or a value that JSON or Unicode cannot hold.
        TooLarge: over ``MAX_EVENT_BYTES``.
    """
    return _encode(event).decode()


def encode_batch(events: Iterable[EventInput]) -> str:
    """Return the JSON array of a batch.

    Raises:
        InvalidInput: as `encode_event`.
        TooLarge: an event or the batch is over a limit.
    """
    parts: list[bytes] = []
    size = 0
    for event in events:
        part = _encode(event)
        size += len(part)
        parts.append(part)
        if len(parts) > MAX_BATCH_EVENTS or size > MAX_BATCH_BYTES:
            raise TooLarge(
                "batch is over a limit",
                reason="too_many_events",
                detail=f"limits: {MAX_BATCH_EVENTS} events, {MAX_BATCH_BYTES} bytes",
                hint="send several batches",
            )
    return f"[{b','.join(parts).decode()}]"


def _encode(event: EventInput) -> bytes:
    encoded = _to_json(_document(event))
    if len(encoded) > MAX_EVENT_BYTES:
        _refuse_size(len(encoded))
    return encoded


def _refuse_size(size: int) -> NoReturn:
    raise TooLarge(
        "event is over max_event_bytes",
        reason="event_too_large",
        detail=f"{size} bytes, limit {MAX_EVENT_BYTES}",
        hint="write large content as an artifact and refer to it",
    )


def _document(event: EventInput) -> Mapping[str, Any]:
    if isinstance(event, Event):
        event = {name: value for name, value in event.__dict__.items() if value is not None}
    elif not isinstance(event, (dict, Mapping)):  # dict first: asking for Mapping is slow  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidInput("event is not a mapping", reason="not_an_object", detail=type(event).__name__)
    payload: Any = event.get("payload")
    if isinstance(payload, dict):
        _refuse_huge_values(cast("dict[str, Any]", payload))
    return event


def _refuse_huge_values(payload: dict[str, Any]) -> None:
    """Refuse what is obviously too large before the work of encoding it."""
    for value in payload.values():
        if type(value) in _SIZED and len(value) > MAX_EVENT_BYTES:
            _refuse_size(len(value))


def _to_json(document: Any) -> bytes:
    try:
        return to_json(document, inf_nan_mode="constants")
    except (PydanticSerializationError, RecursionError, ValueError) as error:
        raise InvalidInput(
            "event cannot be written as JSON", code="22P02", detail=str(error)[:200]
        ) from error
