"""`Worker` in this process, and ``pylayer worker`` as one of its own."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import Connection

import pylayer
from pylayer.config import Settings
from pylayer.errors import InvalidInput
from pylayer.tasks import ClaimedTask
from pylayer.worker import Abandon, Handlers, Worker
from tests.services import pgbouncer
from tests.waiting import wait_until

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-c", "from pylayer.cli import main; main()", "worker"]


def work(
    settings: Settings,
    handlers: Handlers,
    until: Callable[[pylayer.AsyncClient], Awaitable[bool]],
    **options: Any,
) -> None:
    """Run a worker until something holds, then stop it."""

    async def run() -> None:
        async with await pylayer.connect_async(settings=settings, role="pylayer_agent") as client:
            worker = Worker(client, handlers, **options)
            running = asyncio.create_task(worker.run())
            deadline = time.monotonic() + 60
            try:
                while not await until(client):
                    assert time.monotonic() < deadline, "it never came to it"
                    assert not running.done(), running.result()
                    await asyncio.sleep(0.02)
            finally:
                worker.stop()
                await running

    asyncio.run(run())


def statuses(count: int) -> Callable[[pylayer.AsyncClient], Awaitable[bool]]:
    """Whether so many tasks are finished."""

    async def finished(client: pylayer.AsyncClient) -> bool:
        return (
            sum(task.status in {"completed", "failed"} for task in await client.tasks.list(limit=1000))
            == count
        )

    return finished


def test_it_runs_handlers_sync_and_async(settings: Settings, client: pylayer.Client) -> None:
    handlers = Handlers()

    @handlers.task("double")
    def double(task: ClaimedTask) -> int:
        assert threading.current_thread() is not threading.main_thread()
        return task.input_data * 2

    @handlers.task("half")
    async def half(task: ClaimedTask) -> float:
        await asyncio.sleep(0)
        return task.input_data / 2

    made = client.tasks.enqueue_many(
        [{"task_name": name, "input_data": n} for n in range(20) for name in ("double", "half")]
    )
    work(settings, handlers, statuses(40))
    outputs = [client.tasks.get_by_id(task.execution_id).output_data for task in made]
    assert outputs == [value for n in range(20) for value in (n * 2, n / 2)]


def test_what_a_handler_raises_fails_the_attempt(settings: Settings, client: pylayer.Client) -> None:
    handlers = Handlers()
    client.tasks.set_queue("default", retry_base_seconds=0)

    @handlers.task("flaky")
    def flaky(task: ClaimedTask) -> int:
        if task.retry_count < 1:
            raise ValueError("not yet\0")
        return task.retry_count

    @handlers.task("hopeless")
    async def hopeless(_: ClaimedTask) -> None:
        raise Abandon("never")

    @handlers.task("unspeakable")
    def unspeakable(_: ClaimedTask) -> str:
        return "\0"

    for name in ("flaky", "hopeless", "unspeakable", "unknown"):
        client.tasks.enqueue(name, max_retries=1)
    work(settings, handlers, statuses(4))
    found = {task.task_name: task for task in client.tasks.list()}
    assert (found["flaky"].status, found["flaky"].output_data) == ("completed", 1)
    assert (found["hopeless"].status, found["hopeless"].retry_count, found["hopeless"].error) == (
        "failed",
        0,
        "never",
    )
    assert (found["unspeakable"].status, found["unspeakable"].retry_count) == ("failed", 1)
    assert (found["unknown"].status, found["unknown"].retry_count) == ("failed", 1)
    assert "no handler" in str(found["unknown"].error)


def test_an_output_is_any_text_of_json(settings: Settings, client: pylayer.Client) -> None:
    handlers, output = Handlers(), ["\N{GRINNING FACE}", "\ud55c\uad6d", "\\u0000"]
    handlers.task("speak")(lambda _: output)
    made = client.tasks.enqueue("speak")
    work(settings, handlers, statuses(1))
    assert client.tasks.get_by_id(made.execution_id).output_data == output


@pytest.mark.parametrize(
    "output",
    ["\0", "\ud800", [1] * 200_000, object(), float("nan")],
    ids=["nul", "surrogate", "large", "object", "nan"],
)
def test_an_output_that_cannot_be_stored_fails_its_task_alone(
    settings: Settings, client: pylayer.Client, output: object
) -> None:
    """Also one that only the database finds too large: 600 kB of JSON text are several MiB of jsonb."""
    handlers = Handlers()
    handlers.task("unspeakable")(lambda _: output)
    handlers.task("good")(lambda _: "good")
    client.tasks.enqueue_many(
        [{"task_name": name, "max_retries": 0} for name in ("good", "unspeakable", "good")]
    )
    work(settings, handlers, statuses(3))
    found = sorted((task.task_name, task.status) for task in client.tasks.list())
    assert found == [("good", "completed"), ("good", "completed"), ("unspeakable", "failed")]


@pytest.mark.parametrize("error", [SystemExit(3), asyncio.CancelledError()], ids=["exit", "cancelled"])
@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
def test_a_handler_that_means_to_end_everything_ends_its_attempt(
    settings: Settings, client: pylayer.Client, error: BaseException, is_async: bool
) -> None:
    handlers = Handlers()

    def sync_exit(_: ClaimedTask) -> None:
        raise error

    async def async_exit(_: ClaimedTask) -> None:
        raise error

    handlers.task("exit")(async_exit if is_async else sync_exit)
    made = client.tasks.enqueue("exit", max_retries=0)
    work(settings, handlers, statuses(1))
    assert client.tasks.get_by_id(made.execution_id).status == "failed"


def test_a_thread_that_hangs_takes_no_task_with_it(settings: Settings, client: pylayer.Client) -> None:
    """Its task is over when its time is; its thread is no room for another one."""
    handlers, hanging = Handlers(), threading.Event()
    handlers.task("hang")(lambda _: hanging.wait(60))
    handlers.task("good")(lambda _: "good")
    client.tasks.enqueue("hang", max_retries=0, timeout_seconds=1, priority=0)
    good = client.tasks.enqueue("good", timeout_seconds=1)
    seen: list[tuple[str, int]] = []

    async def is_done(agent: pylayer.AsyncClient) -> bool:
        if len(await agent.tasks.list("failed")) == 1 and not hanging.is_set():
            await asyncio.sleep(2)  # longer than a task may take that waits for a thread
            waits = await agent.tasks.get_by_id(good.execution_id)
            seen.append((waits.status, waits.retry_count))
            hanging.set()
        return (await agent.tasks.get_by_id(good.execution_id)).status == "completed"

    work(settings, handlers, is_done, concurrency=1, lease_seconds=1)
    assert seen == [("ready", 0)]


def test_it_works_behind_pgbouncer(settings: Settings, client: pylayer.Client, tmp_path: Path) -> None:
    """The calls go through the pool, in which another session may be each time; LISTEN goes past it."""
    handlers = Handlers()

    @handlers.task("double")
    async def double(task: ClaimedTask) -> int:
        return task.input_data * 2

    direct = settings.require_database_url()
    with pgbouncer(tmp_path, direct) as pooled_dsn:
        made = client.tasks.enqueue_many([{"task_name": "double", "input_data": n} for n in range(200)])
        work(Settings(DATABASE_URL=pooled_dsn), handlers, statuses(200), concurrency=8, listen_dsn=direct)
    assert [client.tasks.get_by_id(task.execution_id).output_data for task in made] == [
        n * 2 for n in range(200)
    ]


def test_it_outlives_its_connections(
    settings: Settings, client: pylayer.Client, conn: Connection[dict[str, Any]]
) -> None:
    handlers, kills = Handlers(), 0
    client.tasks.set_queue("default", retry_base_seconds=0)

    @handlers.task("wait")
    async def wait(_: ClaimedTask) -> None:
        await asyncio.sleep(0.05)

    client.tasks.enqueue_many([{"task_name": "wait", "max_retries": 100}] * 60)
    ended = statuses(60)

    async def is_done(agent: pylayer.AsyncClient) -> bool:
        nonlocal kills
        if kills < 3:
            kills += 1
            await asyncio.sleep(0.3)
            await asyncio.to_thread(
                conn.execute,
                "select pg_terminate_backend(pid) from pg_stat_activity "
                "where datname = current_database() and pid <> pg_backend_pid()",
            )
        try:
            return await ended(agent)
        except pylayer.PylayerError:
            return False

    work(settings, handlers, is_done, lease_seconds=2, listen_dsn=settings.require_database_url())
    assert {task.status for task in client.tasks.list(limit=100)} == {"completed"}


def test_no_more_run_at_once_than_asked_for(settings: Settings, client: pylayer.Client) -> None:
    handlers, running, most = Handlers(), 0, 0

    @handlers.task("count")
    async def count(_: ClaimedTask) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.01)
        running -= 1

    client.tasks.enqueue_many([{"task_name": "count"}] * 30)
    work(settings, handlers, statuses(30), concurrency=3)
    assert most == 3


def test_heartbeats_keep_a_long_task_and_a_lost_one_is_cancelled(
    settings: Settings, client: pylayer.Client, conn: Connection[dict[str, Any]]
) -> None:
    handlers, ended = Handlers(), []

    def is_extended(task: ClaimedTask) -> bool:
        return client.tasks.get_by_id(task.execution_id).lease_expires_at > task.lease_expires_at

    @handlers.task("long")
    async def long(task: ClaimedTask) -> str:
        try:
            while task.input_data == "lost" or not await asyncio.to_thread(is_extended, task):
                await asyncio.sleep(0.1)
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise
        return "done"

    kept = client.tasks.enqueue("long", "kept")
    lost = client.tasks.enqueue("long", "lost", max_retries=0)

    async def take_away(agent: pylayer.AsyncClient) -> bool:
        await asyncio.to_thread(  # the worker may hold the row, and needs this loop to let it go
            conn.execute,
            "update work.task_executions set lease = gen_random_uuid() "
            "where status = 'running' and execution_id = %s",
            [lost.execution_id],
        )
        return bool(ended) and (await agent.tasks.get_by_id(kept.execution_id)).status == "completed"

    work(settings, handlers, take_away, lease_seconds=12, grace_seconds=0.1)
    assert client.tasks.get_by_id(kept.execution_id).retry_count == 0


def test_a_notification_wakes_it(settings: Settings, client: pylayer.Client, dsn: str) -> None:
    handlers = Handlers()
    handlers.task("a")(lambda _: None)
    started = threading.Event()

    def enqueue() -> None:
        with psycopg.connect(dsn, autocommit=True) as watch:
            listening = (
                "select count(*) from pg_stat_activity "
                "where query = 'listen pylayer_tasks' and datname = current_database()"
            )
            wait_until(lambda: watch.execute(listening).fetchone() == (1,))
            time.sleep(1)  # by now it polls once an hour
            client.tasks.enqueue("a")
            started.set()

    thread = threading.Thread(target=enqueue)
    thread.start()
    work(settings, handlers, statuses(1), poll_seconds=3600, listen_dsn=dsn)
    thread.join()
    assert started.is_set()


def test_tasks_that_do_not_end_in_time_are_given_back(settings: Settings, client: pylayer.Client) -> None:
    handlers = Handlers()

    @handlers.task("endless")
    async def endless(_: ClaimedTask) -> None:
        await asyncio.sleep(3600)

    made = client.tasks.enqueue("endless")

    async def runs(agent: pylayer.AsyncClient) -> bool:
        return (await agent.tasks.get_by_id(made.execution_id)).status == "running"

    work(settings, handlers, runs, grace_seconds=0.1)
    assert client.tasks.get_by_id(made.execution_id).error == "the worker stopped"
    assert taken_up(client) == [made.execution_id]


def taken_up(client: pylayer.Client) -> list[str]:
    """Claim what a worker gave back; its own upkeep may have made that ready before it ended."""

    def claimed() -> list[str]:
        client.tasks.sweep()  # nothing, as long as the worker's own is not over
        return [task.execution_id for task in client.tasks.claim("another", n=9)]

    return wait_until(claimed)


def test_a_name_has_one_handler() -> None:
    handlers = Handlers()
    handlers.task("a")(lambda _: None)
    with pytest.raises(InvalidInput) as refused:
        handlers.task("a")(lambda _: None)
    assert refused.value.reason == "handler_exists"


def start(dsn: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*COMMAND, "tests.tasks.jobs", *arguments],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "DATABASE_URL": dsn},
    )


def test_sigterm_lets_a_running_task_end(dsn: str, client: pylayer.Client, tmp_path: Path) -> None:
    mark = tmp_path / "runs"
    made = client.tasks.enqueue("touch", {"path": str(mark), "seconds": 1})
    later = client.tasks.enqueue("touch", {"path": str(mark)}, delay_seconds=3600)
    with start(dsn, "--concurrency", "1") as process:
        try:
            wait_until(mark.exists)
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0
        finally:
            with suppress(ProcessLookupError):
                process.kill()
    assert client.tasks.get_by_id(made.execution_id).status == "completed"
    assert client.tasks.get_by_id(later.execution_id).status == "scheduled"


def test_sigterm_ends_it_though_a_thread_hangs(dsn: str, client: pylayer.Client, tmp_path: Path) -> None:
    mark = tmp_path / "runs"
    made = client.tasks.enqueue("touch", {"path": str(mark), "seconds": 600})
    with start(dsn, "--grace", "0.1") as process:
        try:
            wait_until(mark.exists)
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0
        finally:
            with suppress(ProcessLookupError):
                process.kill()
    assert taken_up(client) == [made.execution_id]


@pytest.mark.parametrize(("module", "reason"), [("no_such_module", "no_module"), ("json", "no_handler")])
def test_a_module_without_handlers_is_refused(dsn: str, module: str, reason: str) -> None:
    found = subprocess.run(
        [*COMMAND, module],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT), "DATABASE_URL": dsn},
    )
    assert found.returncode == 1
    assert f"PT400/{reason}" in found.stderr
