"""Each query of the Grafana dashboards that asks Postgres, with 10 million events counted."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.environment import connection, fresh_database
from bench.results import Result
from bench.rollup_samples import make_events
from bench.timing import Case, Timing, interleave
from pylayer.config import Settings

__all__ = ["measure"]

_DASHBOARDS = Path(__file__).parents[1] / "docker" / "grafana" / "dashboards"
_EVENTS = 10_000_000
_DAYS = 90
_SLICES = 20  # each within two months
_LIMIT_SECONDS = 1.0


def measure(settings: Settings, *, quick: bool) -> list[Result]:
    """Measure over the last 30 days of 90, as a dashboard opened with a month does; takes many minutes."""
    count, rounds = (_EVENTS // 50, 3) if quick else (_EVENTS, 10)
    now = datetime.now(UTC)
    with fresh_database(settings) as url, connection(url) as server:
        slice_ = timedelta(days=_DAYS) / _SLICES
        for number in range(_SLICES, 0, -1):
            start = now - slice_ * number
            make_events(server, f"s{number}", start, start + slice_, count // _SLICES)
        behind = True
        while behind:
            [(behind,)] = server.execute("select behind from telemetry.refresh_rollups()").fetchall()
        server.execute("vacuum (analyze)")
        server.execute("set timezone = 'UTC'")
        queries = {name: _expanded(sql, now - timedelta(days=30), now) for name, sql in _queries()}
        found = interleave(
            [Case(name, lambda _, sql=sql: server.execute(sql).fetchall()) for name, sql in queries.items()],
            rounds,
        )
    return [_result(name, timing, count) for name, timing in found.items()]


def _queries() -> Iterator[tuple[str, str]]:
    for path in sorted(_DASHBOARDS.glob("*.json")):
        for panel in json.loads(path.read_text())["panels"]:
            for number, target in enumerate(panel.get("targets", [])):
                if "rawSql" in target:
                    which = f" ({number + 1})" if number else ""
                    yield f"{path.stem}: {panel['title']}{which}", target["rawSql"]


def _expanded(query: str, start: datetime, end: datetime) -> bytes:
    """Return the query as Grafana sends it: its macros replaced by the time that is chosen."""
    begin, until = f"'{start.isoformat()}'", f"'{end.isoformat()}'"
    sent = re.sub(r"\$__timeFilter\(([\w.]+)\)", rf"\1 BETWEEN {begin} AND {until}", query)
    sent = sent.replace("$__timeFrom()", begin).replace("$__timeTo()", until)
    if "$__" in sent:
        raise ValueError(f"a macro that is not known: {sent}")
    return sent.encode()


def _result(name: str, timing: Timing, count: int) -> Result:
    return Result(
        name=f"{name}, {count:,} events",
        value=timing.median * 1000,
        unit="ms",
        repetitions=len(timing.seconds),
        noise=timing.spread,
        compared_with="a second",
        reference=_LIMIT_SECONDS * 1000,
        ratio=timing.median / _LIMIT_SECONDS,
        relation="at most",
    )
