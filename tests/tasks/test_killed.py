"""Workers killed at random: each task completes exactly once in the ledger, and none is lost."""

from __future__ import annotations

import multiprocessing
import random
import socket
import time
from multiprocessing.process import BaseProcess
from typing import Any

import pytest
from psycopg import Connection

import pylayer
from tests.tasks.victim import victim

WORKERS, TASKS, KILLS = 16, 20_000, 60
DEADLINE_SECONDS = 420.0
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["tests.tasks.victim"])


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_each_task_completes_once(dsn: str, client: pylayer.Client, conn: Connection[dict[str, Any]]) -> None:
    client.tasks.set_queue("default", retry_base_seconds=0)
    for start in range(0, TASKS, 10_000):
        numbers = range(start, start + 10_000)
        client.tasks.enqueue_many(
            {"task_name": "count", "input_data": n, "max_retries": 1000} for n in numbers
        )

    def spawn() -> BaseProcess:
        process = PROCESSES.Process(target=victim, args=(dsn,), daemon=True)
        process.start()
        return process

    chance, killed = random.Random(5), 0
    workers = [spawn() for _ in range(WORKERS)]
    deadline = time.monotonic() + DEADLINE_SECONDS
    try:
        while left(conn):
            assert time.monotonic() < deadline, f"{left(conn)} tasks were left"
            if killed < KILLS and (at_work := busy(conn, workers)):
                place = chance.choice(at_work)
                workers[place].kill()
                workers[place].join()
                workers[place] = spawn()
                killed += 1
            time.sleep(chance.uniform(0.05, 0.4))
    finally:
        for worker in workers:
            worker.kill()
            worker.join()

    (ledger,) = conn.execute(
        "select count(*) as events, count(distinct item_id) as tasks from telemetry.workflow_events "
        "where payload ->> 'item_type' = 'task' and payload ->> 'to_state' = 'completed'"
    ).fetchall()
    assert ledger == {"events": TASKS, "tasks": TASKS}
    (found,) = conn.execute(
        "select count(*) as completed, count(distinct output_data) as outputs, "
        "count(*) filter (where retry_count > 0) as retried from work.task_executions "
        "where status = 'completed' and output_data = input_data"
    ).fetchall()
    assert (found["completed"], found["outputs"]) == (TASKS, TASKS)
    assert killed > WORKERS
    assert found["retried"] > 0, "the kills met running tasks"


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_limit_of_a_key_holds_when_workers_are_killed(
    dsn: str, client: pylayer.Client, conn: Connection[dict[str, Any]]
) -> None:
    """At no look more than two tasks of a key run, and no room is lost with the worker that had it."""
    client.tasks.set_queue("default", retry_base_seconds=0, key_limit=2)
    client.tasks.enqueue_many(
        {"task_name": "count", "input_data": n, "max_retries": 1000, "concurrency_key": f"key {n % 3}"}
        for n in range(3000)
    )
    chance, most, killed = random.Random(6), 0, 0
    workers: list[BaseProcess] = []
    deadline, next_kill = time.monotonic() + 240, time.monotonic() + 0.3
    try:
        while left(conn):
            assert time.monotonic() < deadline, f"{left(conn)} tasks were left"
            while len(workers) < 4:
                workers.append(PROCESSES.Process(target=victim, args=(dsn,), daemon=True))
                workers[-1].start()
            for running in conn.execute(
                "select count(*) as count from work.task_executions where status in ('ready', 'running') "
                "group by concurrency_key"
            ).fetchall():
                most = max(most, running["count"])
            if killed < 12 and time.monotonic() > next_kill and (at_work := busy(conn, workers)):
                victim_process = workers.pop(chance.choice(at_work))
                victim_process.kill()
                victim_process.join()
                killed += 1
                next_kill = time.monotonic() + chance.uniform(0.1, 0.3)
            time.sleep(0.02)
    finally:
        for worker in workers:
            worker.kill()
            worker.join()
    assert most == 2
    assert killed > 2
    (found,) = conn.execute(
        "select count(distinct output_data) as outputs, count(*) filter (where retry_count > 0) as retried "
        "from work.task_executions where status = 'completed' and output_data = input_data"
    ).fetchall()
    assert found["outputs"] == 3000
    assert found["retried"] > 0, "the kills met running tasks"


def busy(conn: Connection[dict[str, Any]], workers: list[BaseProcess]) -> list[int]:
    """The places of the workers that have running tasks: others may not have begun."""
    found = conn.execute(
        "select distinct worker from work.task_executions where status = 'running'"
    ).fetchall()
    names = {row["worker"] for row in found}
    return [place for place, worker in enumerate(workers) if f"{socket.gethostname()}:{worker.pid}" in names]


def left(conn: Connection[dict[str, Any]]) -> int:
    (row,) = conn.execute(
        "select count(*) as left from work.task_executions where status <> 'completed'"
    ).fetchall()
    return row["left"]
