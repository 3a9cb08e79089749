"""CloudEvents 1.0 over HTTP, turned into workflow events before anything is stored.

A message in structured, batched or binary mode becomes the JSON that a sender of pylayer's own form would
have sent, so that everything behind this module knows one form. What the database checks is not checked here.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from urllib.parse import unquote_to_bytes

from ulid import ULID

from pylayer.errors import InvalidInput, PylayerError, TooLarge, ValidationFailed
from pylayer.events.encoding import MAX_BATCH_EVENTS
from pylayer.events.models import IngestResult

__all__ = ["BATCH_TYPE", "EVENT_TYPE", "Batch", "convert", "event_id_of"]

EVENT_TYPE = "application/cloudevents+json"
BATCH_TYPE = "application/cloudevents-batch+json"

_FORMATS = "application/cloudevents"
_REQUIRED = ("specversion", "id", "source", "type")
_BINARY_MODE = frozenset(f"ce-{name}" for name in _REQUIRED)
# Extensions that are columns of an event; the rest of the original stands in metadata.
_FIELDS = {
    "runid": "run_id",
    "itemid": "item_id",
    "workflowname": "workflow_name",
    "agentrole": "agent_role",
    "projectid": "project_id",
}
_MAPPED = frozenset((*_FIELDS, "type", "eventversion", "traceparent"))
_NAME = re.compile(r"[a-z0-9]+")
_FORBIDDEN_TEXT = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_TIMESTAMP = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})"
)
_VERSION = re.compile(r"[1-9][0-9]{0,8}")
_ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}", re.IGNORECASE | re.ASCII)
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch of CloudEvents, those that are none already refused.

    Attributes:
        events: JSON array of the others, as ``ingest_many`` with ``on_error="report"`` takes it.
        refused: the results of those refused, by their position in the message, from 1.
    """

    events: bytes
    refused: dict[int, IngestResult]

    def results(self, stored: Sequence[IngestResult]) -> list[IngestResult]:
        """Return one result for each event of the message, in its order.

        Args:
            stored: what became of ``events``, in their order.
        """
        following = iter(stored)
        return [
            self.refused.get(position) or next(following).model_copy(update={"position": position})
            for position in range(1, len(stored) + len(self.refused) + 1)
        ]


def convert(headers: Iterable[tuple[str, str]], body: bytes) -> bytes | Batch | None:
    """Return a request's CloudEvents as workflow events, or None when it carries none.

    Args:
        headers: names and values of the request's headers, decoded as Latin-1.
        body: its body.

    Returns:
        One event as JSON (structured and binary mode), or a `Batch` (batched mode).

    Raises:
        InvalidInput: the message is no CloudEvent 1.0. A bad event of a batch does not raise.
        ValidationFailed: it is one that can't become a workflow event: ``missing_time``, ``invalid_time``,
            ``unsupported_data``, ``unsupported_format``.
        TooLarge: ``too_many_events``.
    """
    pairs = [(name.lower(), value) for name, value in headers]
    content_type = next((value for name, value in pairs if name == "content-type"), None)
    media_type = _media_type(content_type)
    if media_type == EVENT_TYPE:
        return _from_json(_parsed(body))
    if media_type == BATCH_TYPE:
        return _batch(_parsed(body))
    if media_type.startswith(_FORMATS):
        raise ValidationFailed(
            "this format of CloudEvents is not supported",
            reason="unsupported_format",
            detail=media_type[:100],
            hint=f"send {EVENT_TYPE} or {BATCH_TYPE}",
        )
    if not any(name in _BINARY_MODE for name, _ in pairs):
        return None
    attributes = _header_attributes(pairs)
    if content_type is not None:
        attributes["datacontenttype"] = content_type
    _check_attributes(attributes)
    _check_data_type(content_type)
    return _event(attributes, _parsed(body) if body else {})


def event_id_of(source: str, identifier: str, time: datetime) -> str:
    """Return the ULID that stands for an event whose ``id`` is none: the same one for every retry.

    48 bits are the milliseconds of ``time``, 80 bits are the start of the sha256 over the length of
    ``source`` in bytes as decimal digits, a colon, ``source`` and the id, all UTF-8.
    """
    origin = source.encode()
    digest = hashlib.sha256(b"%d:%s%s" % (len(origin), origin, identifier.encode())).digest()
    milliseconds = (time - _EPOCH) // _MILLISECOND
    return str(ULID.from_bytes(milliseconds.to_bytes(6) + digest[:10]))


def _media_type(content_type: str | None) -> str:
    return (content_type or "").partition(";")[0].strip().lower()


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(
            "the body is not JSON", code="22P02", reason="invalid_json", detail=str(error)[:200]
        ) from error


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _batch(document: Any) -> Batch:
    if not isinstance(document, list):
        raise InvalidInput(
            "events are not a JSON array",
            reason="not_an_array",
            detail=type(document).__name__,
            hint=f"send one event as {EVENT_TYPE}",
        )
    entries = cast("list[Any]", document)
    if len(entries) > MAX_BATCH_EVENTS:
        raise TooLarge(
            "batch is over a limit",
            reason="too_many_events",
            detail=f"{len(entries)} events, limit {MAX_BATCH_EVENTS}",
            hint="send several batches",
        )
    good: list[bytes] = []
    refused: dict[int, IngestResult] = {}
    for position, entry in enumerate(entries, 1):
        try:
            good.append(_from_json(entry))
        except PylayerError as error:
            refused[position] = _refusal(position, error)
    return Batch(b"[%s]" % b",".join(good), refused)


def _refusal(position: int, error: PylayerError) -> IngestResult:
    return IngestResult(
        position=position,
        event_id=None,
        status="refused",
        code=error.code,
        reason=error.reason,
        detail=error.detail or error.message,
    )


def _from_json(document: Any) -> bytes:
    if not isinstance(document, dict):
        raise InvalidInput(
            "event is not a JSON object", reason="not_an_object", detail=type(document).__name__
        )
    members = cast("dict[str, Any]", document)
    data = members.pop("data", {})  # null is a value of data, but no value of an attribute
    attributes = {name: value for name, value in members.items() if value is not None}
    binary = attributes.pop("data_base64", None)
    _check_attributes(attributes)
    _check_data_type(attributes.get("datacontenttype"))
    if binary is not None:
        raise _unsupported_data("data_base64")
    return _event(attributes, data)


def _header_attributes(pairs: Sequence[tuple[str, str]]) -> dict[str, Any]:
    attributes: dict[str, Any] = {}
    for name, value in pairs:
        if not name.startswith("ce-"):
            continue
        attribute = name.removeprefix("ce-")
        if attribute in attributes or attribute == "datacontenttype":
            raise _bad_attribute(attribute, "given twice")
        attributes[attribute] = _decoded(attribute, value)
    return attributes


def _decoded(attribute: str, value: str) -> str:
    """Undo quoting and one round of percent-encoding, as the HTTP binding says."""
    if len(value) > 1 and value[0] == value[-1] == '"':
        value = re.sub(r"\\(.)", r"\1", value[1:-1])
    try:
        return unquote_to_bytes(value.encode("latin-1")).decode()
    except UnicodeError as error:
        raise _bad_attribute(attribute, "not UTF-8") from error


def _check_attributes(attributes: dict[str, Any]) -> None:
    for name, value in attributes.items():
        if not _NAME.fullmatch(name):
            raise _bad_attribute(name, "names have lower-case letters and digits only")
        if not isinstance(value, str | int):  # a boolean is an int
            raise _bad_attribute(name, "the value is no string, boolean or integer")
        if isinstance(value, str) and _FORBIDDEN_TEXT.search(value):
            raise _bad_attribute(name, "the value has control characters")
    for name in _REQUIRED:
        if not isinstance(attributes.get(name), str) or not attributes[name]:
            raise InvalidInput(
                "a required attribute is missing or no text",
                reason="missing_attribute",
                detail=name,
                hint=f"CloudEvents have {', '.join(_REQUIRED)}",
            )
    if attributes["specversion"] != "1.0":
        raise InvalidInput(
            "this version of CloudEvents is not supported",
            reason="unsupported_specversion",
            detail=attributes["specversion"][:20],
            hint="send specversion 1.0",
        )


def _check_data_type(content_type: Any) -> None:
    _, _, subtype = _media_type(content_type and str(content_type)).partition("/")
    if content_type is not None and subtype != "json" and not subtype.endswith("+json"):
        raise _unsupported_data(str(content_type)[:100])


def _unsupported_data(what: str) -> ValidationFailed:
    return ValidationFailed(
        "data is not JSON",
        reason="unsupported_data",
        detail=what,
        hint="send a JSON object; write other content as an artifact and refer to it",
    )


def _bad_attribute(name: str, why: str) -> InvalidInput:
    shown = name[:64].encode("ascii", "backslashreplace").decode()
    return InvalidInput("an attribute is not usable", reason="invalid_attribute", detail=f"{shown}: {why}")


def _event(attributes: dict[str, Any], data: Any) -> bytes:
    time = _time(attributes.get("time"))
    event: dict[str, Any] = {"event_id": _event_id(attributes, time), "event_name": attributes["type"]}
    if time is not None:
        event["ts"] = time.isoformat()
    if "eventversion" in attributes:
        event["event_version"] = _event_version(_canonical(attributes["eventversion"]))
    for name in _FIELDS.keys() & attributes.keys():
        event[_FIELDS[name]] = _canonical(attributes[name])
    metadata: dict[str, Any] = {
        "cloudevents": {name: value for name, value in attributes.items() if name not in _MAPPED}
    }
    if "traceparent" in attributes:
        metadata["traceparent"] = _canonical(attributes["traceparent"])
    event["metadata"] = metadata
    event["payload"] = data
    return _encoded(event)


def _event_id(attributes: dict[str, Any], time: datetime | None) -> str:
    identifier: str = attributes["id"]
    if _ULID.fullmatch(identifier):
        return identifier.upper()
    if time is None:
        raise ValidationFailed(
            "an event whose id is no ULID needs a time",
            reason="missing_time",
            detail=identifier[:64],
            hint="send time, the same one with every retry, or a ULID as id",
        )
    return event_id_of(attributes["source"], identifier, time)


def _time(value: Any) -> datetime | None:
    if value is None:
        return None
    text = str(value).upper()
    try:
        if _TIMESTAMP.fullmatch(text):
            time = datetime.fromisoformat(text).astimezone(UTC)
            if time >= _EPOCH:
                return time
    except (ValueError, OverflowError):
        pass  # a month 13, a second 60
    raise ValidationFailed(
        "time is not a timestamp since 1970",
        reason="invalid_time",
        detail=text[:64],
        hint="use RFC 3339, such as 2026-01-31T12:00:00Z",
    )


def _event_version(text: str) -> int:
    if not _VERSION.fullmatch(text):
        raise _bad_attribute("eventversion", "not a version")
    return int(text)


def _canonical(value: str | int) -> str:
    """Return a value as text, the same in every mode: headers know no other types."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _encoded(event: dict[str, Any]) -> bytes:
    """Return the event as JSON that Postgres can hold: one event of a batch must not fail the others."""
    try:
        encoded = json.dumps(event, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    except (ValueError, RecursionError) as error:  # a number out of range, a lone surrogate, nesting
        raise InvalidInput("event cannot be stored as JSON", code="22P02", detail=str(error)[:200]) from error
    if _NUL.search(encoded):
        raise InvalidInput("event has NUL in a text", code="22P05", detail="\\u0000")
    return encoded
