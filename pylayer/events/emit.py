"""From a payload to an event, and on to the emitter."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, overload

from pydantic_core import from_json
from typing_extensions import TypedDict, Unpack

from pylayer.errors import InvalidInput
from pylayer.events.context import current_context
from pylayer.events.encoding import encode_event
from pylayer.events.models import Event
from pylayer.events.payloads import Payload
from pylayer.ids import new_ulid

__all__ = ["Envelope", "EventSink", "Facts", "build", "emit", "emit_facts"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")
_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")


class EventSink(Protocol):
    """What takes events: the emitter, or anything with its ``emit``."""

    def emit(self, event: Event, /) -> str:
        """Take an event and return its id."""
        ...


class Envelope(TypedDict, total=False):
    """What every event can carry beside its payload; what is left out comes from `run_context` or is made.

    Attributes:
        event_id: ULID, for a sender that keeps its own; default a new one with the time of ``ts``.
        ts: when it happened, UTC if it has no zone; default now, or the time in a given ``event_id``.
        run_id, item_id, workflow_name, agent_role, project_id: free text of at most 500 characters.
        metadata: source ids and trace context; no rule reads it.
    """

    event_id: str | None
    ts: datetime | None
    run_id: str | None
    item_id: str | None
    workflow_name: str | None
    agent_role: str | None
    project_id: str | None
    metadata: Mapping[str, Any] | None


class Facts(Envelope, total=False, extra_items=Any):
    """The further keywords of the ``emit_...`` functions: those of `Envelope`, and any other fact.

    Attributes:
        emitter: where the event goes; default `pylayer.emitter.default_emitter`.
    """

    emitter: EventSink | None


_OPTIONS = tuple(Facts.__annotations__)


def build(
    payload: Payload,
    *,
    event_id: str | None = None,
    ts: datetime | None = None,
    run_id: str | None = None,
    item_id: str | None = None,
    workflow_name: str | None = None,
    agent_role: str | None = None,
    project_id: str | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> Event:
    """Return the event of a payload, complete and fit to be sent, without sending it.

    Args:
        payload: one of the models of `pylayer.events`, or an own subclass of `Payload`.
        event_id: ULID, for a sender that keeps its own; default a new one with the time of ``ts``.
        ts: when it happened, UTC if it has no zone; default now, or the time in a given ``event_id``.
        run_id, item_id, workflow_name, agent_role, project_id: free text of at most 500 characters;
            default that of the `run_context`.
        metadata: source ids and trace context; no rule reads it.

    Raises:
        InvalidInput: ``invalid_event_id``, ``invalid_field``, ``invalid_ts``, or what JSON can't hold.
        TooLarge: ``event_too_large``, over 1 MiB of JSON.

    Example:
        >>> event = build(FlowIssue(issue_type="handoff", impact="low"), run_id="run-1")
        >>> event.event_name, event.run_id, event.payload
        ('workflow.flow_issue', 'run-1', {'issue_type': 'handoff', 'impact': 'low'})
    """
    known = current_context().with_changes(run_id, item_id, workflow_name, agent_role, project_id)
    if event_id is None:
        ts = _in_utc(ts)
        event_id = _id_at(ts)
    else:
        _check_id(event_id)
        ts = None if ts is None else _in_utc(ts)
    document: dict[str, Any] = {
        "event_id": event_id,
        "event_name": payload.event_name,
        "event_version": payload.event_version,
        "payload": payload.facts(),
        "ts": ts,
        "run_id": known.run_id,
        "item_id": known.item_id,
        "workflow_name": known.workflow_name,
        "agent_role": known.agent_role,
        "project_id": known.project_id,
        "metadata": _checked_metadata(metadata),
    }
    _check_storable(document)
    return Event(**document)


@overload
def emit(event: Event, *, emitter: EventSink | None = None) -> str: ...
@overload
def emit(event: Payload, *, emitter: EventSink | None = None, **envelope: Unpack[Envelope]) -> str: ...
def emit(event: Event | Payload, *, emitter: EventSink | None = None, **envelope: Unpack[Envelope]) -> str:
    """Send an event, or the event of a payload; returns before the network is touched.

    Args:
        event: an event as it is, or a payload that `build` completes.
        emitter: where it goes; default `pylayer.emitter.default_emitter`.
        envelope: with a payload, the keywords of `build`.

    Returns:
        The event's id.

    Raises:
        InvalidInput, TooLarge: as `build`. RateLimited, Unavailable: as `pylayer.emitter.Emitter.emit`.

    Example:
        >>> emit(FlowIssue(issue_type="handoff", impact="low"), emitter=emitter) == sent[-1].event_id
        True
    """
    if isinstance(event, Payload):
        event = build(event, **envelope)
    elif envelope:
        raise InvalidInput(
            "an event brings its own fields",
            reason="event_is_complete",
            detail=", ".join(sorted(envelope)),
            hint="pass a payload, or make the event with these values",
        )
    return _sink(emitter).emit(event)


def emit_facts(payload: type[Payload], options: Facts, /, **facts: Any) -> str:
    """Send a payload made from ``facts`` and from those of ``options`` that are no keywords of its envelope.

    Raises:
        ValidationFailed: ``contract``. InvalidInput, TooLarge: as `build`.
    """
    facts.update(options)
    envelope = {name: facts.pop(name) for name in _OPTIONS if name in facts}
    return emit(payload(**facts), **envelope)


def _sink(emitter: EventSink | None) -> EventSink:
    if emitter is not None:
        return emitter
    from pylayer.emitter import default_emitter

    return default_emitter()


def _in_utc(ts: datetime | None) -> datetime:
    if ts is None:
        return datetime.now(UTC)
    if not isinstance(ts, datetime):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise _invalid("ts", "ts is not a timestamp", "use a datetime with a zone")
    return ts.replace(tzinfo=UTC) if ts.tzinfo is None else ts


def _id_at(ts: datetime) -> str:
    try:
        return new_ulid((ts - _EPOCH) // _MILLISECOND)
    except OverflowError as error:
        raise _invalid("ts", "ts is before 1970", "events are of this age") from error


def _check_id(event_id: str) -> None:
    if not isinstance(event_id, str) or _ULID.fullmatch(event_id) is None:  # pyright: ignore[reportUnnecessaryIsInstance]
        raise _invalid("event_id", "event_id is not a ULID", "26 characters of upper-case Crockford base32")


def _checked_metadata(metadata: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if metadata is None:
        return None
    if not isinstance(metadata, Mapping) or not all(isinstance(key, str) for key in metadata):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise _invalid("field", "metadata is not an object", "use a mapping with string keys")
    return dict(metadata)


def _check_storable(document: dict[str, Any]) -> None:
    """Refuse what is too large or no JSON, and what only the database would: NUL, a number that is none."""
    encoded = encode_event({key: value for key, value in document.items() if value is not None})
    if "\\u0000" in encoded and _NUL.search(encoded):
        raise InvalidInput("event holds a NUL character", code="22P05", hint="text in Postgres has no NUL")
    if "NaN" in encoded or "Infinity" in encoded:
        try:
            from_json(encoded, allow_inf_nan=False)
        except ValueError as error:
            raise InvalidInput(
                "event holds a number that is none", code="22P02", detail=str(error)
            ) from error


def _invalid(what: str, message: str, hint: str) -> InvalidInput:
    return InvalidInput(message, reason=f"invalid_{what}", hint=hint)
