"""Events of about 250 bytes of JSON, as the benchmarks store them."""

from __future__ import annotations

import json
import os
import random
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from psycopg import Connection

__all__ = ["COLUMNS", "as_json", "bare_row", "copy_rows", "event", "events", "load"]

_DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
COLUMNS = (
    "event_id, event_version, event_name, ts, run_id, item_id, workflow_name, agent_role, payload, "
    "recorded_epoch, recorded_xid"
)


def _event_id(milliseconds: int) -> str:
    head = "".join(_DIGITS[(milliseconds >> shift) & 31] for shift in range(45, -1, -5))
    return head + os.urandom(8).hex().upper()


def event(milliseconds: int | None = None) -> dict[str, Any]:
    """Return a new event of a time, default now, given in milliseconds since 1970."""
    milliseconds = time.time_ns() // 1_000_000 if milliseconds is None else milliseconds
    number = random.randrange(1_000_000)
    return {
        "event_id": _event_id(milliseconds),
        "event_name": "workflow.step_completed",
        "ts": datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="milliseconds"),
        "run_id": f"run-{milliseconds // 10_000}",
        "item_id": f"INFR-{number % 5000:04}",
        "workflow_name": "wf",
        "agent_role": "dev",
        "payload": {"step_name": "build", "status": "succeeded", "duration_ms": number},
    }


def events(count: int) -> list[dict[str, Any]]:
    """Return ``count`` new events of now."""
    return [event() for _ in range(count)]


def as_json(document: Any) -> str:
    """Return compact JSON."""
    return json.dumps(document, separators=(",", ":"))


def bare_row(document: dict[str, Any], xid: int) -> tuple[Any, ...]:
    """Return an event as a row of `COLUMNS`."""
    return (
        document["event_id"],
        1,
        document["event_name"],
        document["ts"],
        document["run_id"],
        document["item_id"],
        document["workflow_name"],
        document["agent_role"],
        as_json(document["payload"]),
        1,
        xid,
    )


def copy_rows(connection: Connection[Any], documents: Iterable[dict[str, Any]]) -> None:
    """COPY events into the table in one transaction: the limit of what a client can store."""
    with connection.transaction(), connection.cursor() as cursor:
        found = cursor.execute("select pg_current_xact_id()::text::bigint").fetchone()
        xid = found[0] if found else 0
        with cursor.copy(f"copy telemetry.workflow_events ({COLUMNS}) from stdin") as copy:
            for document in documents:
                copy.write_row(bare_row(document, xid))


def load(connection: Connection[Any], count: int) -> None:
    """Fill the table with ``count`` events of the current month up to now, oldest first, and analyze it."""
    now = time.time_ns() // 1_000_000
    month = datetime.now(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    start = int(month.timestamp() * 1000)
    step = (now - start) / count

    def documents(first: int, last: int) -> Iterator[dict[str, Any]]:
        return (event(start + int(n * step)) for n in range(first, last))

    for first in range(0, count, 100_000):
        copy_rows(connection, documents(first, min(count, first + 100_000)))
    connection.execute("vacuum (analyze) telemetry.workflow_events")
    connection.execute("checkpoint")
