"""Events to JSON, with the size limits checked before anything is sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sized
from typing import Any, cast

from pydantic_core import PydanticSerializationError, to_json

from pylayer.errors import InvalidInput, TooLarge
from pylayer.events.models import Event, EventInput

__all__ = ["MAX_BATCH_BYTES", "MAX_BATCH_EVENTS", "MAX_EVENT_BYTES", "encode_batch", "encode_event"]

# The defaults of core.settings, where the database reads its own.
MAX_EVENT_BYTES = 1_048_576
MAX_BATCH_EVENTS = 10_000
MAX_BATCH_BYTES = 64 * 1_048_576


def encode_event(event: EventInput) -> str:
    """Return the JSON of one event.

    Raises:
        InvalidInput: not a mapping, or a value that JSON or Unicode cannot hold.
        TooLarge: over ``MAX_EVENT_BYTES``.
    """
    document = {k: v for k, v in event if v is not None} if isinstance(event, Event) else event
    if not isinstance(document, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance] - callers without types
        raise InvalidInput("event is not a mapping", reason="not_an_object", detail=type(document).__name__)
    _refuse_huge_values(document)
    try:
        encoded = to_json(document, inf_nan_mode="constants")
    except (PydanticSerializationError, RecursionError, ValueError) as error:
        raise InvalidInput(
            "event cannot be written as JSON", code="22P02", detail=str(error)[:200]
        ) from error
    if len(encoded) > MAX_EVENT_BYTES:
        raise _event_too_large(len(encoded))
    return encoded.decode()


def encode_batch(events: Iterable[EventInput]) -> str:
    """Return the JSON array of a batch.

    Raises:
        InvalidInput: as `encode_event`.
        TooLarge: an event or the batch is over a limit.
    """
    parts: list[str] = []
    size = 0
    for event in events:
        parts.append(encode_event(event))
        size += len(parts[-1])
        if len(parts) > MAX_BATCH_EVENTS or size > MAX_BATCH_BYTES:
            raise TooLarge(
                "batch is over a limit",
                reason="too_many_events",
                detail=f"limits: {MAX_BATCH_EVENTS} events, {MAX_BATCH_BYTES} bytes",
                hint="send several batches",
            )
    return f"[{','.join(parts)}]"


def _refuse_huge_values(document: Mapping[str, Any]) -> None:
    """Refuse what is obviously too large without the work of encoding it."""
    payload = document.get("payload")
    inner = cast("Mapping[str, Any]", payload).values() if isinstance(payload, Mapping) else ()
    values: Iterable[Any] = (*document.values(), *inner)
    for value in values:
        if isinstance(value, (str, bytes, list, tuple, dict)) and len(cast("Sized", value)) > MAX_EVENT_BYTES:
            raise _event_too_large(len(cast("Sized", value)))


def _event_too_large(size: int) -> TooLarge:
    return TooLarge(
        "event is over max_event_bytes",
        reason="event_too_large",
        detail=f"{size} bytes, limit {MAX_EVENT_BYTES}",
        hint="write large content as an artifact and refer to it",
    )
