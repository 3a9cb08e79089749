"""What the ingest path answers: a status, and JSON that is written without models."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, TypeAlias

from pydantic_core import to_json

from pylayer.server.store import Outcome, Row

__all__ = ["Answer", "of_batch", "of_single"]

Answer: TypeAlias = tuple[int, bytes]  # HTTP status, JSON
_SINGLE: dict[str, tuple[int, bytes]] = {
    "created": (201, b'","created":true}'),
    "duplicate": (200, b'","created":false}'),
    "conflict": (200, b'","created":false,"conflict":true}'),
}


def of_single(outcome: Outcome) -> Answer:
    """Answer a single event that was stored, or known before."""
    event_id, status = outcome
    code, end = _SINGLE[status]
    return code, b'{"event_id":"' + event_id.encode() + end  # a ULID needs no escapes


def of_batch(rows: Sequence[Row]) -> Answer:
    """Answer a batch: 201 if any event was created, 200 if none; 207 if any was refused or in conflict."""
    counts = Counter(row[2] for row in rows)
    document = {
        "results": [_result(row) for row in rows],
        "created": counts["created"],
        "duplicates": counts["duplicate"],
        "conflicts": counts["conflict"],
        "refused": counts["refused"],
    }
    if counts["refused"] or counts["conflict"]:
        return 207, to_json(document)
    return (201 if counts["created"] else 200), to_json(document)


def _result(row: Row) -> dict[str, Any]:
    position, event_id, status, code, reason, detail = row
    result: dict[str, Any] = {"position": position, "event_id": event_id, "status": status}
    if code is not None:
        result |= {"code": code, "reason": reason, "detail": detail}
    return result
