"""What an event costs when the table is large: 10 million rows beside 100,000, turn by turn."""

from __future__ import annotations

from bench.environment import connection, fresh_database
from bench.events import BATCH, INGEST_BATCH, INGEST_ONE
from bench.results import Result
from bench.samples import as_json, event, events, load
from bench.timing import Case, Timing, interleave
from pylayer.config import Settings

__all__ = ["measure"]

_SMALL = 100_000
_LARGE = 10_000_000
_POLL = (
    "select event_id from telemetry.workflow_events "
    "where (recorded_epoch, recorded_xid, event_id) > (1, %s, '') and recorded_xid < %s "
    "order by recorded_epoch, recorded_xid, event_id limit 1000"
)


def measure(settings: Settings, *, rounds: int = 30) -> list[Result]:
    """Measure on two fresh databases, loaded by COPY; takes minutes and about 10 GB of disk."""
    with (
        fresh_database(settings) as small_url,
        fresh_database(settings) as large_url,
        connection(small_url) as small,
        connection(large_url) as large,
    ):
        load(small, _SMALL)
        load(large, _LARGE)
        cases = [
            case
            for name, server in (("small", small), ("large", large))
            for case in (
                Case(f"batch {name}", lambda b, s=server: s.execute(INGEST_BATCH, (as_json(b),)).fetchall(), lambda: events(BATCH)),
                Case(f"single {name}", lambda e, s=server: s.execute(INGEST_ONE, (as_json(e),)).fetchall(), event),
            )
        ]
        found = interleave(cases, rounds, warm_up=5)
        polls = interleave(
            [
                Case(name, lambda marks, s=server: s.execute(_POLL, marks).fetchall(), lambda m=marks: m)
                for name, server, marks in (("small", small, _marks(small)), ("large", large, _marks(large)))
            ],
            rounds,
        )
    return [
        _cost("ingest_events, batches of 1,000", found["batch large"], found["batch small"], BATCH, 1.2),
        _cost("ingest_event, one a call", found["single large"], found["single small"], 1, 1.2),
        _cost("poll of 1,000 from the oldest", polls["large"], polls["small"], 1, None),
    ]
