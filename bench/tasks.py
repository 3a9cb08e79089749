"""The task queue beside a bare table and procrastinate, and what backlog and history cost a claim."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from typing import Any

import psycopg
from psycopg import Connection

from bench.environment import connection, fresh_database
from bench.results import Result
from bench.task_queues import BareQueue, ProcrastinateQueue, PylayerQueue, TaskQueue
from bench.timing import Case, Timing, interleave
from pylayer.config import Settings

__all__ = ["measure"]

_BATCH = 100
_BACKLOG = """
select count(*) from work.enqueue_tasks((
  select jsonb_agg('{"task_name": "bench", "queue": "bench_none"}'::jsonb) from generate_series(1, 10000)
))
"""
_FINISHED = """
insert into work.task_executions (
  execution_id, scheduled_at, created_at, finished_at, status, priority, max_retries, timeout_seconds,
  queue, task_name
)
select
  left(core.new_ulid(), 18) || core.crockford_8(n), now(), now(), now(), 'completed', 5, 3, 300,
  'bench_none', 'bench'
from generate_series(1, %s) as n
"""


def measure(settings: Settings, *, quick: bool) -> list[Result]:
    """Measure on fresh databases."""
    count, rounds = (300, 3) if quick else (500, 40)
    return [
        *_throughput(settings, count, rounds),
        *_held(settings, count, rounds),
        *_latency(settings, quick=quick),
    ]


def _throughput(settings: Settings, count: int, rounds: int) -> list[Result]:
    queues: Sequence[TaskQueue] = (
        PylayerQueue(),
        PylayerQueue("terminal"),
        BareQueue(),
        ProcrastinateQueue(),
    )
    with fresh_database(settings) as url, ExitStack() as stack:
        servers = [stack.enter_context(connection(url)) for _ in range(2)]
        threads = stack.enter_context(ThreadPoolExecutor(2))
        for queue in queues:
            queue.prepare(servers[0])
        results: list[Result] = []
        for title, size, batch, workers in (
            ("enqueued one by one", 1, 0, 0),
            ("enqueued, batches of 100", _BATCH, 0, 0),
            ("claimed and completed one by one, 1 worker", 0, 1, 1),
            ("claimed and completed one by one, 2 workers", 0, 1, 2),
            ("claimed and completed, batches of 100, 1 worker", 0, _BATCH, 1),
            ("claimed and completed, batches of 100, 2 workers", 0, _BATCH, 2),
        ):
            tasks = 10 * count if _BATCH in (size, batch) else count  # a turn of a tenth of a second
            cases = [
                Case(
                    queue.name,
                    _enqueuing(queue, servers[0], tasks, size)
                    if size
                    else _working(queue, servers[:workers], batch, threads),
                    lambda queue=queue, waiting=0 if size else tasks: _refill(queue, servers[0], waiting),
                )
                for queue in queues
                if batch <= queue.most_at_once
            ]
            results += _compared(title, interleave(cases, rounds), tasks, rounds)
    return results


def _refill(queue: TaskQueue, server: Connection[Any], count: int) -> None:
    queue.clear(server)
    for _ in range(0, count, _BATCH):
        queue.enqueue(server, _BATCH)


def _enqueuing(queue: TaskQueue, server: Connection[Any], count: int, size: int) -> Callable[[Any], object]:
    return lambda _: [queue.enqueue(server, size) for _ in range(0, count, size)]


def _working(
    queue: TaskQueue, servers: Sequence[Connection[Any]], batch: int, threads: ThreadPoolExecutor
) -> Callable[[Any], object]:
    return lambda _: list(threads.map(partial(queue.work, batch=batch), servers))


def _compared(title: str, timings: dict[str, Timing], count: int, rounds: int) -> list[Result]:
    ours = timings[PylayerQueue().name]
    return [
        Result(
            name=f"{title}, {name}",
            value=count / mine.median,
            unit="tasks/s",
            repetitions=rounds,
            noise=mine.spread,
            compared_with=other,
            reference=count / timings[other].median,
            ratio=mine.beside(timings[other]),
            target=target,
        )
        for name, mine, other, target in (
            ("no events", ours, BareQueue.name, 0.7),
            ("no events", ours, ProcrastinateQueue.name, None),
            ("terminal events", timings[PylayerQueue("terminal").name], PylayerQueue().name, None),
        )
        if other in timings
    ]


def _held(settings: Settings, count: int, rounds: int) -> list[Result]:
    """The same work, in the one database while another session holds a transaction open for the whole run."""
    queue = PylayerQueue()
    with fresh_database(settings) as free_url, fresh_database(settings) as held_url, ExitStack() as stack:
        free = stack.enter_context(connection(free_url))
        held = stack.enter_context(connection(held_url))
        for server in (free, held):
            queue.prepare(server)
        holder = stack.enter_context(psycopg.connect(held_url))
        holder.execute("select pg_current_xact_id()")
        found = interleave(
            [
                Case(
                    name,
                    lambda _, server=server: queue.work(server, 1),
                    lambda server=server: [queue.enqueue(server, _BATCH) for _ in range(0, count, _BATCH)],
                )
                for name, server in (("free", free), ("held", held))
            ],
            rounds,
        )
        holder.rollback()
    return [
        Result(
            name="claimed and completed one by one, another session's transaction open",
            value=count / found["held"].median,
            unit="tasks/s",
            repetitions=rounds,
            noise=found["held"].spread,
            compared_with="without it",
            reference=count / found["free"].median,
            ratio=found["held"].beside(found["free"]),
            target=0.8,
        )
    ]


def _latency(settings: Settings, *, quick: bool) -> list[Result]:
    """One claim, with few tasks, with many that wait, with many that are finished."""
    waiting, finished = (20_000, 50_000) if quick else (1_000_000, 10_000_000)
    with ExitStack() as stack:
        servers = [
            stack.enter_context(connection(stack.enter_context(fresh_database(settings)))) for _ in range(3)
        ]
        for server in servers:
            PylayerQueue().prepare(server)
            server.execute(_BACKLOG)
        for _ in range(0, waiting, 10_000):
            servers[1].execute(_BACKLOG)
        for _ in range(0, finished, 50_000):
            servers[2].execute(_FINISHED, [50_000])
        for server in servers:
            server.execute("vacuum (analyze) work.task_executions")
            server.execute("checkpoint")
        titles = ("few tasks", f"{waiting:,} waiting", f"{finished:,} finished")
        found = interleave(
            [
                Case(
                    title,
                    lambda _, server=server: server.execute(
                        "select * from work.claim_tasks('w', '{bench_none}')"
                    ),
                )
                for title, server in zip(titles, servers, strict=True)
            ],
            10 if quick else 200,
            calls=5,
        )
    few = found[titles[0]]
    return [
        Result(
            name=f"a claim, {title} tasks",
            value=found[title].median * 1e3,
            unit="ms",
            repetitions=len(found[title].seconds),
            noise=found[title].spread,
            compared_with="the same, 10,000 tasks in all",
            reference=few.median * 1e3,
            ratio=found[title].median / few.median,
            target=1.2,
            relation="at most",
        )
        for title in titles[1:]
    ]
