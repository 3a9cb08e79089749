"""What an event costs when the table is large: 10 million rows beside 100,000, turn by turn."""

from __future__ import annotations

from typing import Any

from psycopg import Connection

from bench.environment import connection, fresh_database
from bench.events import BATCH, ingest, ingest_one
from bench.results import Result
from bench.samples import as_json, event, events, load
from bench.timing import Case, Timing, interleave
from pylayer.config import Settings

__all__ = ["measure"]

_SMALL = 100_000
_LARGE = 10_000_000
# A reader that has seen nothing yet: all of the table is its backlog. The epoch stands as an equality: the
# planner takes a comparison of rows for one of its first column, expects nothing, and sorts the backlog.
_POLL = (
    "select event_id from telemetry.workflow_events "
    "where recorded_epoch = 1 and (recorded_xid, event_id) > (0, '') "
    "and recorded_xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint "
    "order by recorded_xid, event_id limit 1000"
)


def measure(settings: Settings, *, rounds: int = 40) -> list[Result]:
    """Measure on two fresh databases, loaded by COPY; takes minutes and about 10 GB of disk."""
    with (
        fresh_database(settings) as small_url,
        fresh_database(settings) as large_url,
        connection(small_url) as small,
        connection(large_url) as large,
    ):
        load(small, _SMALL)
        load(large, _LARGE)
        return _compare(small, large, rounds)


def _compare(small: Connection[Any], large: Connection[Any], rounds: int) -> list[Result]:
    found = interleave([*_cases("small", small), *_cases("large", large)], rounds, warm_up=5)
    return [
        _cost(name, per_call, found[f"{case} large"], found[f"{case} small"], target)
        for name, case, per_call, target in (
            ("ingest_events, batches of 1,000", "batch", BATCH, 1.2),
            ("ingest_event, one a call", "single", 1, 1.2),
            ("poll of 1,000, all of it backlog", "poll", 1000, None),
        )
    ]


def _cases(size: str, server: Connection[Any]) -> list[Case]:
    return [
        Case(f"batch {size}", lambda batch: ingest(server, batch), lambda: events(BATCH)),
        Case(f"single {size}", lambda one: ingest_one(server, one), lambda: as_json(event())),
        Case(f"poll {size}", lambda _: server.execute(_POLL).fetchall()),
    ]


def _cost(name: str, per_call: int, large: Timing, small: Timing, target: float | None) -> Result:
    return Result(
        name=f"{name}, 10,000,000 rows",
        value=large.median / per_call * 1e6,
        unit="µs/event",
        repetitions=len(large.seconds),
        noise=large.spread,
        compared_with="the same, 100,000 rows",
        reference=small.median / per_call * 1e6,
        ratio=large.median / small.median,
        target=target,
        relation="at most",
    )
