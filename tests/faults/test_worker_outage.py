"""The server is killed under a running worker and comes back: no task is lost, none is completed twice."""

from __future__ import annotations

import asyncio

import psycopg
import pytest

import pylayer
from pylayer.config import Settings
from pylayer.embedded import Stack
from pylayer.tasks import ClaimedTask
from pylayer.worker import Handlers
from tests.faults.test_postgres_killed import kill_postgres
from tests.tasks.test_worker import statuses, work

TASKS = 400


@pytest.mark.slow
def test_a_worker_outlives_its_server(durable_stack: Stack) -> None:
    settings = Settings(DATABASE_URL=durable_stack.environment()["DATABASE_URL"])
    dsn = settings.require_database_url()
    handlers, is_killed = Handlers(), False
    with pylayer.connect(settings=settings) as client:
        client.tasks.set_queue("default", retry_base_seconds=0)
        client.tasks.enqueue_many(
            [{"task_name": "wait", "input_data": n, "max_retries": 100} for n in range(TASKS)]
        )

    @handlers.task("wait")
    async def wait(task: ClaimedTask) -> int:
        await asyncio.sleep(0.02)
        return task.input_data

    ended = statuses(TASKS)

    async def is_done(agent: pylayer.AsyncClient) -> bool:
        nonlocal is_killed
        if not is_killed and await statuses_reach(agent, TASKS // 8):
            is_killed = True
            await asyncio.to_thread(kill_postgres, durable_stack)
            await asyncio.sleep(0.5)
            await asyncio.to_thread(durable_stack.up)
        try:
            return await ended(agent)
        except pylayer.PylayerError:
            return False

    work(settings, handlers, is_done, lease_seconds=2, concurrency=8, listen_dsn=dsn)
    assert is_killed
    with psycopg.connect(dsn) as conn:
        (events, tasks, right) = conn.execute(
            "select count(*), count(distinct item_id), (select count(distinct output_data) from "
            "work.task_executions where status = 'completed' and output_data = input_data) "
            "from telemetry.workflow_events "
            "where payload ->> 'item_type' = 'task' and payload ->> 'to_state' = 'completed'"
        ).fetchone() or (0, 0, 0)
    assert (events, tasks, right) == (TASKS, TASKS, TASKS)


async def statuses_reach(agent: pylayer.AsyncClient, count: int) -> bool:
    found = await agent.tasks.list(status="completed", limit=count)
    return len(found) == count
