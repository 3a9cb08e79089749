"""Durable steps per second: runs of steps that do nothing, beside DBOS, Absurd and the bare INSERT.

Alike for all: one server; the same steps a run, each result committed as JSON before the next step begins
(synchronous_commit as the server has it); one run after the other, its result read at its end; each library
on connections of its own, made as its documentation says, kept open and warm. The bare INSERT is one row and
one commit a step, and nothing else: what no durable step can be cheaper than.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any, TypeAlias

from absurd_sdk import Absurd
from absurdctl import BUNDLED_SCHEMA_SQL
from dbos import DBOS

from bench.environment import connection, fresh_database
from bench.results import Result
from bench.timing import Case, Timing, interleave
from pylayer.client import connect
from pylayer.config import Settings
from pylayer.runs import Run, workflow

__all__ = ["measure"]

_OURS, _DBOS, _ABSURD, _BARE = "pylayer", "dbos", "absurd-sdk", "one INSERT a step"
_LENGTHS = (50, 5)
_WARM_UP = 3
# Runs one workflow of so many steps, and returns what it returned.
_RunOf: TypeAlias = Callable[[int], Any]


def _nothing(n: int) -> int:
    return n


@workflow("bench")
def _durable(run: Run[Any], steps: int) -> int:
    return sum(run.step("nothing", _nothing, n) for n in range(steps))


def measure(settings: Settings, *, quick: bool) -> list[Result]:
    """Measure whole runs, from their start to their result, one after the other."""
    with (
        fresh_database(settings) as url,
        connect(url, settings=settings) as client,
        _dbos(url) as dbos,
        _absurd(url) as absurd,
        _bare(url) as bare,
    ):
        peers: dict[str, _RunOf] = {_DBOS: dbos, _ABSURD: absurd, _BARE: bare}
        runs: dict[str, _RunOf] = {_OURS: lambda steps: _durable.run(client, steps).outputs, **peers}
        found: list[Result] = []
        for steps in _LENGTHS:
            timings = interleave(
                [_case(name, run, steps) for name, run in runs.items()],
                (10 if quick else 60) * max(_LENGTHS) // steps // 2,
                warm_up=_WARM_UP,
            )
            found += [_beside(timings, peer, steps) for peer in peers]
    return found


def _case(name: str, run: _RunOf, steps: int) -> Case:
    def checked(_: Any) -> None:
        if run(steps) != sum(range(steps)):
            raise RuntimeError(f"{name}: a run of {steps} steps returned something else")

    return Case(name, checked)


@contextmanager
def _dbos(url: str) -> Generator[_RunOf]:
    # Destroyed first and last: it is one of its process.
    DBOS.destroy()
    DBOS(config={"name": "bench", "system_database_url": url, "log_level": "ERROR"})
    step = DBOS.step()(_nothing)

    @DBOS.workflow()
    def run(steps: int) -> int:
        return sum(step(n) for n in range(steps))

    DBOS.launch()
    try:
        yield run
    finally:
        DBOS.destroy()


@contextmanager
def _absurd(url: str) -> Generator[_RunOf]:
    with connection(url) as server:
        server.execute(BUNDLED_SCHEMA_SQL)
    absurd = Absurd(url, queue_name="bench")
    absurd.create_queue()

    @absurd.register_task("bench")
    def run(steps: Any, context: Any) -> int:  # pyright: ignore[reportUnusedFunction]
        return sum(context.step("nothing", lambda n=n: _nothing(n)) for n in range(steps))

    def whole(steps: int) -> Any:
        spawned = absurd.spawn("bench", steps)
        absurd.work_batch()  # what its worker does, without the pause between two looks
        done = absurd.fetch_task_result(spawned["task_id"])
        return done.result if done else None

    try:
        yield whole
    finally:
        absurd.close()


@contextmanager
def _bare(url: str) -> Generator[_RunOf]:
    with connection(url) as server:
        server.execute(
            "create table bare_steps (run_id text, step integer, output jsonb, primary key (run_id, step))"
        )
        runs = iter(range(1_000_000))

        def whole(steps: int) -> int:
            run_id = str(next(runs))
            for n in range(steps):
                server.execute("insert into bare_steps values (%s, %s, %s)", (run_id, n, str(_nothing(n))))
            return sum(range(steps))

        yield whole


def _beside(found: dict[str, Timing], peer: str, steps: int) -> Result:
    ours, theirs = found[_OURS], found[peer]
    return Result(
        name=f"durable steps, runs of {steps}",
        value=steps / ours.median,
        unit="steps/s",
        repetitions=len(ours.seconds),
        noise=ours.spread,
        compared_with=f"{peer} (±{theirs.spread:.0%})",
        reference=steps / theirs.median,
        ratio=theirs.median / ours.median,
        target=None if peer == _BARE else 1.0,
    )
