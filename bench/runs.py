"""Durable steps per second: a run of steps that do nothing, beside DBOS and Absurd on the same server."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

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

_STEPS = 50
_OURS, _DBOS, _ABSURD = "pylayer", "dbos", "absurd-sdk"


def _nothing(n: int) -> int:
    return n


@workflow("bench")
def _durable(run: Run[Any], _: Any) -> int:
    return sum(run.step("nothing", _nothing, n) for n in range(_STEPS))


def measure(settings: Settings, *, quick: bool) -> list[Result]:
    """Measure whole runs of 50 steps, from their start to their end, one after the other."""
    with (
        fresh_database(settings) as url,
        connect(url, settings=settings) as client,
        _dbos(url) as peer,
        _absurd(url) as other,
    ):
        cases = [
            Case(_OURS, lambda _: _checked(_durable.run(client).outputs)),
            Case(_DBOS, lambda _: _checked(peer())),
            Case(_ABSURD, lambda _: other()),
        ]
        found = interleave(cases, 10 if quick else 60)
    return [_beside(found, peer) for peer in (_DBOS, _ABSURD)]


def _checked(total: Any) -> None:
    if total != sum(range(_STEPS)):
        raise RuntimeError(f"a run returned {total}")


@contextmanager
def _dbos(url: str) -> Generator[Callable[[], int]]:
    # Destroyed first and last: it is one of its process.
    DBOS.destroy()
    DBOS(config={"name": "bench", "system_database_url": url, "log_level": "ERROR"})
    step = DBOS.step()(_nothing)

    @DBOS.workflow()
    def run() -> int:
        return sum(step(n) for n in range(_STEPS))

    DBOS.launch()
    try:
        yield run
    finally:
        DBOS.destroy()


@contextmanager
def _absurd(url: str) -> Generator[Callable[[], None]]:
    with connection(url) as server:
        server.execute(BUNDLED_SCHEMA_SQL)
        absurd = Absurd(server, queue_name="bench")
        absurd.create_queue()

        @absurd.register_task("bench")
        def run(_: Any, context: Any) -> int:  # pyright: ignore[reportUnusedFunction]
            return sum(context.step("nothing", lambda n=n: _nothing(n)) for n in range(_STEPS))

        def whole() -> None:
            spawned = absurd.spawn("bench", {})
            absurd.work_batch(batch_size=1)
            done = absurd.fetch_task_result(spawned["task_id"])
            _checked(done.result if done else None)

        yield whole


def _beside(found: dict[str, Timing], peer: str) -> Result:
    ours, theirs = found[_OURS], found[peer]
    return Result(
        name=f"durable steps, beside {peer}",
        value=_STEPS / ours.median,
        unit="steps/s",
        repetitions=len(ours.seconds),
        noise=ours.spread,
        compared_with=f"{peer}, runs of {_STEPS} steps",
        reference=_STEPS / theirs.median,
        ratio=theirs.median / ours.median,
        target=1.0,
    )
