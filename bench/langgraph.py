"""LangGraph: the same graph plain, instrumented, and recorded as executions; the database works meanwhile."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from typing import Any, TypedDict

from langgraph.graph import START, StateGraph
from psycopg import Connection

import pylayer
from bench.environment import connection, fresh_database
from bench.results import Result
from bench.timing import Case, Timing, interleave
from pylayer.config import Settings
from pylayer.emitter import Emitter, SqlTransport
from pylayer.langgraph import flush_executions, instrument

__all__ = ["measure"]

_NODES = 20
_WORK = 0.001  # seconds in each node


class _State(TypedDict):
    steps: int


def measure(settings: Settings, *, quick: bool) -> list[Result]:
    """Measure runs of 20 nodes, with nodes that compute and nodes that wait."""
    rounds = 100 if quick else 1000
    with (
        fresh_database(settings) as url,
        tempfile.TemporaryDirectory() as spool,
        Emitter(SqlTransport(url), spool=spool) as emitter,
        pylayer.connect(url) as client,
    ):
        results = [
            result
            for name, work in (("compute", _computing()), ("wait", lambda: time.sleep(_WORK)))
            for result in _overhead(f"20 nodes that {name} for 1 ms", work, emitter, client, rounds)
        ]
        emitter.flush()
        flush_executions()
        _check("events", emitter.stats.delivered, 2 * (rounds + 1) * (_NODES + 2 + _NODES))
        with connection(url) as server:
            _check("steps", _count(server, "work.step_executions"), 2 * (rounds + 1) * _NODES)
            _check("spans", _count(server, "work.execution_traces"), 2 * (rounds + 1) * (_NODES + 1))
        return results


def _overhead(
    name: str, work: Callable[[], object], emitter: Emitter, client: pylayer.Client, rounds: int
) -> list[Result]:
    plain = _chain(work)
    instrumented = instrument(plain, workflow_name="bench", emitter=emitter)
    recorded = instrument(plain, workflow_name="bench", emitter=emitter, executions=client)
    found = interleave(
        [
            Case("plain", lambda _: plain.invoke({"steps": 0})),
            Case("instrumented", lambda _: instrumented.invoke({"steps": 0})),
            Case("recorded", lambda _: recorded.invoke({"steps": 0})),
        ],
        rounds,
    )
    return [
        _cost(f"instrumented graph, {name}", found["instrumented"], found["plain"], 1.05),
        _cost(f"the same, with executions, {name}", found["recorded"], found["plain"], None),
    ]


def _count(server: Connection[Any], table: str) -> int:
    row = server.execute(f"select count(*) from {table}".encode()).fetchone()
    return row[0] if row else 0


def _check(what: str, found: int, expected: int) -> None:
    if found != expected:
        raise RuntimeError(f"{found} {what} were stored, not {expected}")


def _chain(work: Callable[[], object]) -> Any:
    def node(state: _State) -> dict[str, int]:
        work()
        return {"steps": state["steps"] + 1}

    graph = StateGraph(_State)
    before = START
    for number in range(_NODES):
        graph.add_node(f"node_{number}", node)
        graph.add_edge(before, f"node_{number}")
        before = f"node_{number}"
    return graph.compile()


def _computing() -> Callable[[], object]:
    """Return a computation that takes `_WORK` on this machine when nothing disturbs it."""

    def seconds(count: int) -> float:
        start = time.perf_counter()
        sum(range(count))
        return time.perf_counter() - start

    count = 10_000
    while (fastest := min(seconds(count) for _ in range(50))) < _WORK:
        count = int(count * max(1.01, _WORK / fastest))
    return lambda: sum(range(count))


def _cost(name: str, timing: Timing, beside: Timing, target: float | None) -> Result:
    return Result(
        name=name,
        value=timing.median * 1000,
        unit="ms",
        repetitions=len(timing.seconds),
        noise=timing.spread,
        compared_with="the same graph, not instrumented",
        reference=beside.median * 1000,
        ratio=timing.median / beside.median,
        target=target,
        relation="at most",
    )
