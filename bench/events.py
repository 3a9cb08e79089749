"""Events: batches beside COPY, one event a call beside a bare INSERT, and beside eventsourcing's recorder."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from eventsourcing.persistence import StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore
from psycopg import Connection

import pylayer
from bench.environment import connection, fresh_database
from bench.results import Result
from bench.samples import COLUMNS, as_json, bare_row, copy_rows, event, events
from bench.timing import Case, Timing, interleave
from pylayer.config import Settings

__all__ = ["BATCH", "INGEST_BATCH", "INGEST_ONE", "measure", "seconds_per_event", "throughput"]

BATCH = 1000
INGEST_BATCH = "select * from telemetry.ingest_events(p_events => %s::jsonb)"
INGEST_ONE = "select * from telemetry.ingest_event(p_event => %s::jsonb)"
_INSERT = (
    f"insert into telemetry.workflow_events ({COLUMNS}) values "
    "(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, pg_current_xact_id()::text::bigint)"
)


def throughput(
    name: str,
    timing: Timing,
    per_call: int,
    *,
    beside: tuple[str, Timing] | None = None,
    target: float | None = None,
) -> Result:
    """Return events a second, beside those of another case with the same number of events a call."""
    return Result(
        name=name,
        value=per_call / timing.median,
        unit="events/s",
        repetitions=len(timing.seconds),
        noise=timing.spread,
        compared_with=beside[0] if beside else None,
        reference=per_call / beside[1].median if beside else None,
        ratio=beside[1].median / timing.median if beside else None,
        target=target,
    )


def seconds_per_event(server: Connection[Any], rounds: int) -> dict[str, Timing]:
    """Time batches and single calls on a database, in no comparison."""
    return interleave(
        [
            Case("batch", lambda body: server.execute(INGEST_BATCH, (as_json(body),)).fetchall(), lambda: events(BATCH)),
            Case("single", lambda body: server.execute(INGEST_ONE, (as_json(body),)).fetchall(), event),
        ],
        rounds,
    )


def measure(settings: Settings, *, quick: bool) -> list[Result]:
    """Measure ingestion on a fresh database."""
    with fresh_database(settings) as url:
        return _batches(url, 8 if quick else 40) + _singles(url, 5 if quick else 30)


def _batches(url: str, rounds: int) -> list[Result]:
    with connection(url) as server, pylayer.connect(url, pool_size=1) as client, _Peer(url) as peer:
        sent: list[list[dict[str, Any]]] = []

        def ingest(batch: list[dict[str, Any]]) -> None:
            server.execute(INGEST_BATCH, (as_json(batch),)).fetchall()

        def fresh() -> list[dict[str, Any]]:
            sent.append(events(BATCH))
            return sent[-1]

        found = interleave(
            [
                Case("copy", lambda batch: copy_rows(server, batch), lambda: events(BATCH)),
                Case("new", ingest, fresh),
                Case("duplicates", ingest, lambda: sent[-1]),
                Case("client", client.events.ingest_many, lambda: events(BATCH)),
                Case("peer", peer.insert, lambda: peer.batch(BATCH)),
            ],
            rounds,
            warm_up=3,
        )
    copy = ("COPY into the same table", found["copy"])
    new = ("new events", found["new"])
    return [
        throughput("ingest_events, batches of 1,000", found["new"], BATCH, beside=copy, target=0.5),
        throughput("client.events.ingest_many, 1,000", found["client"], BATCH, beside=copy, target=0.5),
        throughput("all duplicates, batches of 1,000", found["duplicates"], BATCH, beside=new, target=1.0),
        throughput("eventsourcing recorder, 1,000", found["peer"], BATCH, beside=copy),
    ]


def _singles(url: str, rounds: int) -> list[Result]:
    with connection(url) as server, pylayer.connect(url, pool_size=1) as client, _Peer(url) as peer:
        found = interleave(
            [
                Case("bare", lambda row: server.execute(_INSERT, row), lambda: bare_row(event(), 0)[:-1]),
                Case("single", lambda body: server.execute(INGEST_ONE, (as_json(body),)).fetchall(), event),
                Case("client", client.events.ingest, event),
                Case("peer", peer.insert, lambda: peer.batch(1)),
            ],
            rounds,
            calls=20,
        )
    bare = ("bare INSERT, same indexes", found["bare"])
    return [
        throughput("ingest_event, one a call", found["single"], 1, beside=bare, target=0.8),
        throughput("client.events.ingest, one a call", found["client"], 1, beside=bare),
        throughput("eventsourcing recorder, one a call", found["peer"], 1, beside=bare),
    ]


class _Peer:
    """PyPI's eventsourcing: its Postgres application recorder, with 250 bytes of state an event."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._store = PostgresDatastore(
            dbname=parts.path.lstrip("/"),
            host=parts.hostname or "",
            port=str(parts.port or 5432),
            user=parts.username or "",
            password=parts.password or "",
        )
        self._recorder = PostgresApplicationRecorder(self._store, events_table_name="peer_events")
        self._recorder.create_table()

    def batch(self, count: int) -> list[StoredEvent]:
        """Return ``count`` new events, each of an aggregate of its own."""
        return [StoredEvent(uuid4(), 1, "workflow.step_completed", as_json(event()).encode()) for _ in range(count)]

    def insert(self, batch: list[StoredEvent]) -> None:
        """Store events in one transaction."""
        self._recorder.insert_events(batch)

    def __enter__(self) -> _Peer:
        return self

    def __exit__(self, *_error: object) -> None:
        self._store.close()
