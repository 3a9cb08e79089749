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

__all__ = ["BATCH", "ingest", "ingest_one", "measure"]

BATCH = 1000
_INGEST_BATCH = "select * from telemetry.ingest_events(p_events => %s::jsonb)"
_INGEST_ONE = "select * from telemetry.ingest_event(p_event => %s)"
_INSERT = (
    f"insert into telemetry.workflow_events ({COLUMNS}) values "
    "(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, pg_current_xact_id()::text::bigint)"
)


def ingest(server: Connection[Any], batch: list[dict[str, Any]]) -> None:
    """Store a batch with one JSON parameter, and fetch what became of it."""
    server.execute(_INGEST_BATCH, (as_json(batch),)).fetchall()


def ingest_one(server: Connection[Any], one: str) -> None:
    """Store one event, given as JSON, and fetch what became of it."""
    server.execute(_INGEST_ONE, (one,)).fetchall()


def measure(settings: Settings, *, quick: bool) -> list[Result]:
    """Measure ingestion on a fresh database."""
    with fresh_database(settings) as url:
        return _batches(url, 8 if quick else 40) + _singles(url, 5 if quick else 30)


def _batches(url: str, rounds: int) -> list[Result]:
    with connection(url) as server, pylayer.connect(url, pool_size=1) as client, _Peer(url) as peer:
        sent: list[list[dict[str, Any]]] = []

        def fresh() -> list[dict[str, Any]]:
            sent[:] = [events(BATCH)]
            return sent[0]

        found = interleave(
            [
                Case("copy", lambda batch: copy_rows(server, batch), lambda: events(BATCH)),
                Case("new", lambda batch: ingest(server, batch), fresh),
                Case("duplicates", lambda batch: ingest(server, batch), lambda: sent[0]),
                Case("client", client.events.ingest_many, lambda: events(BATCH)),
                Case("peer", peer.insert, lambda: peer.batch(BATCH)),
            ],
            rounds,
            warm_up=3,
        )
    copy = ("COPY into the same table", found["copy"])
    new = ("new events", found["new"])
    return [
        _throughput("ingest_events, batches of 1,000", found["new"], BATCH, copy, 0.5),
        _throughput("client.events.ingest_many, 1,000", found["client"], BATCH, copy, 0.5),
        _throughput("all duplicates, batches of 1,000", found["duplicates"], BATCH, new, 1.0),
        _throughput("eventsourcing recorder, 1,000", found["peer"], BATCH, copy),
    ]


def _singles(url: str, rounds: int) -> list[Result]:
    with connection(url) as server, pylayer.connect(url, pool_size=1) as client, _Peer(url) as peer:
        own = [
            Case("bare", lambda row: server.execute(_INSERT, row), lambda: bare_row(event(), 0)[:-1]),
            Case("single", lambda one: ingest_one(server, one), lambda: as_json(event())),
        ]
        others = [
            Case("client", client.events.ingest, event),
            Case("peer", peer.insert, lambda: peer.batch(1)),
        ]
        found = interleave([*own, *others], rounds, calls=20)
        server.execute("set synchronous_commit = off")
        unsynced = interleave(own, rounds, calls=20)
    bare = ("bare INSERT, same indexes", found["bare"])
    bare_unsynced = ("bare INSERT, no wait either", unsynced["bare"])
    return [
        _throughput("ingest_event, one a call", found["single"], 1, bare, 0.8),
        _throughput("client.events.ingest, one a call", found["client"], 1, bare),
        _throughput("eventsourcing recorder, one a call", found["peer"], 1, bare),
        _throughput("ingest_event without waiting for the disk", unsynced["single"], 1, bare_unsynced),
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
        return [
            StoredEvent(uuid4(), 1, "workflow.step_completed", as_json(event()).encode())
            for _ in range(count)
        ]

    def insert(self, batch: list[StoredEvent]) -> None:
        """Store events in one transaction."""
        self._recorder.insert_events(batch)

    def __enter__(self) -> _Peer:
        return self

    def __exit__(self, *_error: object) -> None:
        self._store.close()


def _throughput(
    name: str, timing: Timing, per_call: int, beside: tuple[str, Timing], target: float | None = None
) -> Result:
    return Result(
        name=name,
        value=per_call / timing.median,
        unit="events/s",
        repetitions=len(timing.seconds),
        noise=timing.spread,
        compared_with=beside[0],
        reference=per_call / beside[1].median,
        ratio=beside[1].median / timing.median,
        target=target,
    )
