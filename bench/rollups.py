"""Rollups: a refresh beside a bare GROUP BY, what it costs with a year of history, the views over a year."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from psycopg import Connection

from bench.environment import connection, fresh_database
from bench.results import Result
from bench.rollup_samples import forget_rollups, make_events, make_year
from bench.timing import Case, Timing, interleave
from pylayer.config import Settings

__all__ = ["measure"]

_MONTH = 50_000
_NEW = 5_000
_LIMIT_SECONDS = 0.1
_VIEWS = (
    "v_run_summary",
    "v_step_cost",
    "v_cycle_time",
    "v_bounces",
    "v_post_ready_churn",
    "v_gap_escape_rate",
    "v_flow_issues",
)
# What the rows of one grain are, without the histogram: no join, no write, in one process as a refresh is.
_GROUP_BY = """
select
  date_trunc('hour', ts), event_name, workflow_name, agent_role,
  payload ->> 'step_name', payload ->> 'status', payload ->> 'model',
  payload ->> 'item_type', payload ->> 'from_state', payload ->> 'to_state',
  payload ->> 'gap_type', payload ->> 'severity', payload ->> 'stage_found', payload ->> 'issue_type',
  payload ->> 'impact', count(*), sum((payload -> 'input_tokens')::numeric),
  sum((payload -> 'cached_input_tokens')::numeric), sum((payload -> 'output_tokens')::numeric),
  sum((payload -> 'cost_usd_est')::numeric), sum((payload -> 'duration_ms')::numeric)
from telemetry.workflow_events
group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
"""


def measure(settings: Settings, *, quick: bool) -> list[Result]:
    """Measure on fresh databases."""
    return [
        *_throughput(settings, 60_000 if quick else 300_000, 3 if quick else 10),
        _history(settings, 5 if quick else 40),
        *_views(settings, 3 if quick else 20),
    ]


def _throughput(settings: Settings, count: int, rounds: int) -> list[Result]:
    """Events at the density of 10 million a month."""
    with fresh_database(settings) as url, connection(url) as server:
        end = datetime.now(UTC)
        make_events(server, "a", end - timedelta(days=30) * count / 10_000_000, end, count)
        server.execute("vacuum (analyze) telemetry.workflow_events")
        server.execute("set max_parallel_workers_per_gather = 0")
        server.execute("set work_mem = '64MB'")  # what a refresh sets for itself
        found = interleave(
            [
                Case("group by", lambda _: server.execute(_GROUP_BY).fetchall()),
                Case("refresh", lambda _: _refresh(server), lambda: forget_rollups(server)),
            ],
            rounds,
        )
    return [
        Result(
            name=f"refresh_rollups, {count:,} events",
            value=count / found["refresh"].median,
            unit="events/s",
            repetitions=rounds,
            noise=found["refresh"].spread,
            compared_with="a bare GROUP BY hour and labels",
            reference=count / found["group by"].median,
            ratio=found["group by"].median / found["refresh"].median,
            target=0.3,
        )
    ]


def _history(settings: Settings, rounds: int) -> Result:
    """Refreshing the same number of new events, where a month or a year was counted before."""
    with (
        fresh_database(settings) as short_url,
        fresh_database(settings) as long_url,
        connection(short_url) as short,
        connection(long_url) as long,
    ):
        for server, months in ((short, 1), (long, 12)):
            now = datetime.now(UTC)
            for back in range(months, 0, -1):
                start = now - timedelta(days=30) * back
                make_events(server, f"h{back}", start, start + timedelta(days=30), _MONTH)
            _refresh(server)
            server.execute("vacuum (analyze)")
            server.execute("checkpoint")
        found = interleave(
            [
                Case(
                    name, lambda _, server=server: _refresh(server), lambda server=server: _some_more(server)
                )
                for name, server in (("short", short), ("long", long))
            ],
            rounds,
            warm_up=3,
        )
    return Result(
        name=f"refresh of {_NEW:,} new events, 12 months counted before",
        value=found["long"].median / _NEW * 1e6,
        unit="µs/event",
        repetitions=rounds,
        noise=found["long"].spread,
        compared_with="the same, 1 month",
        reference=found["short"].median / _NEW * 1e6,
        ratio=found["long"].median / found["short"].median,
        target=1.1,
        relation="at most",
    )


def _views(settings: Settings, rounds: int) -> list[Result]:
    with fresh_database(settings) as url, connection(url) as server:
        make_year(server)
        found = interleave(
            [
                Case(view, lambda _, view=view: server.execute(f"select * from telemetry.{view}".encode()))
                for view in _VIEWS
            ],
            rounds,
        )
    return [_view(name, timing) for name, timing in found.items()]


def _view(name: str, timing: Timing) -> Result:
    return Result(
        name=f"{name}, all of a year",
        value=timing.median * 1000,
        unit="ms",
        repetitions=len(timing.seconds),
        noise=timing.spread,
        compared_with="the limit",
        reference=_LIMIT_SECONDS * 1000,
        ratio=timing.median / _LIMIT_SECONDS,
        target=1.0,
        relation="at most",
    )


def _some_more(server: Connection[Any]) -> None:
    now = datetime.now(UTC)
    make_events(server, uuid4().hex, now - timedelta(minutes=10), now, _NEW)


def _refresh(server: Connection[Any]) -> None:
    behind = True
    while behind:
        [(behind,)] = server.execute("select behind from telemetry.refresh_rollups()").fetchall()
