"""What a task can rely on: leases, retries, keys, priorities, events; by the client, as an agent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg import Connection, sql

import pylayer
from pylayer.config import Settings
from pylayer.tasks import ClaimedTask, Completion, NewTask

Row = dict[str, Any]


@pytest.fixture
def agent(settings: Settings) -> Iterator[pylayer.Client]:
    with pylayer.connect(settings=settings, role="pylayer_agent") as connected:
        yield connected


def claim_one(client: pylayer.Client, **more: Any) -> ClaimedTask:
    (task,) = client.tasks.claim("worker", **more)
    return task


def expire(conn: Connection[Row]) -> None:
    """Let the time of all leases pass."""
    conn.execute(
        "update work.task_executions set lease_expires_at = clock_timestamp() - interval '1 s' "
        "where status = 'running'"
    )


def make_due(conn: Connection[Row]) -> None:
    conn.execute(
        "update work.task_executions set scheduled_at = clock_timestamp() - interval '1 s' "
        "where status = 'scheduled'"
    )


def events(conn: Connection[Row]) -> list[tuple[str | None, str]]:
    found = conn.execute("select payload from telemetry.workflow_events order by event_id").fetchall()
    return [(row["payload"]["from_state"], row["payload"]["to_state"]) for row in found]


def test_a_task_goes_through(agent: pylayer.Client, conn: Connection[Row]) -> None:
    made = agent.tasks.enqueue("send", {"to": "ops"}, run_id="run-1", metadata={"traceparent": "00"})
    task = claim_one(agent)
    assert (task.execution_id, task.task_name, task.input_data) == (made.execution_id, "send", {"to": "ops"})
    agent.tasks.complete(task.execution_id, task.lease, {"sent": 1})
    done = agent.tasks.get_by_id(made.execution_id)
    assert (done.status, done.output_data, done.run_id, done.worker) == (
        "completed",
        {"sent": 1},
        "run-1",
        "worker",
    )
    (event,) = conn.execute("select item_id, run_id, payload from telemetry.workflow_events").fetchall()
    assert (event["item_id"], event["run_id"]) == (made.execution_id, "run-1")
    assert event["payload"]["item_type"] == "task"
    assert event["payload"]["time_in_state_seconds"] >= 0


@pytest.mark.parametrize("given_back", [False, True], ids=["only expired", "taken over"])
def test_who_lost_the_lease_cannot_finish(
    agent: pylayer.Client, conn: Connection[Row], given_back: bool
) -> None:
    agent.tasks.enqueue("a")
    task = claim_one(agent)
    expire(conn)
    reason = "lease_expired"
    if given_back:
        assert agent.tasks.sweep().expired == 1
        make_due(conn)
        agent.tasks.sweep()
        other = claim_one(agent)
        assert other.retry_count == 1
        reason = "lease_lost"
    for finish in (
        lambda: agent.tasks.complete(task.execution_id, task.lease),
        lambda: agent.tasks.fail(task.execution_id, task.lease, "late"),
        lambda: agent.tasks.heartbeat(task.execution_id, task.lease),
    ):
        with pytest.raises(pylayer.Conflict) as refused:
            finish()
        assert (refused.value.code, refused.value.reason) == ("PT409", reason)
    batch = agent.tasks.complete_many([Completion(task.execution_id, task.lease)])
    assert batch.refused == {task.execution_id: reason}
    if given_back:
        agent.tasks.complete(other.execution_id, other.lease)
    assert events(conn) == ([("running", "completed")] if given_back else [])


def test_after_its_retries_a_task_is_a_dead_letter(
    client: pylayer.Client, agent: pylayer.Client, conn: Connection[Row]
) -> None:
    client.tasks.set_queue("default", retry_base_seconds=100, retry_max_seconds=250)
    made = agent.tasks.enqueue("a", max_retries=3)
    bounds = [(50, 150), (100, 300), (125, 375)]  # doubled, cut, then half to one and a half times that
    for least, most in bounds:
        task = claim_one(agent)
        (start,) = conn.execute("select clock_timestamp() as time").fetchall()
        failed = agent.tasks.fail(task.execution_id, task.lease, "boom")
        assert failed.status == "scheduled"
        (wait,) = conn.execute(
            "select extract(epoch from scheduled_at - %s) as longest, "
            "extract(epoch from scheduled_at - clock_timestamp()) as shortest from work.task_executions",
            [start["time"]],
        ).fetchall()
        assert wait["longest"] >= least
        assert wait["shortest"] <= most
        assert agent.tasks.claim("worker") == []
        make_due(conn)
        assert agent.tasks.sweep().due == 1
    task = claim_one(agent)
    assert agent.tasks.fail(task.execution_id, task.lease, "boom").status == "failed"
    assert [dead.execution_id for dead in agent.tasks.list("failed")] == [made.execution_id]
    assert events(conn) == [("running", "failed")]
    with pytest.raises(pylayer.Forbidden):
        agent.tasks.requeue_dead()
    assert client.tasks.requeue_dead([made.execution_id]) == [made.execution_id]
    assert claim_one(agent).retry_count == 0


def test_a_unique_key_gives_one_task(agent: pylayer.Client) -> None:
    first = agent.tasks.enqueue("a", unique_key="k")
    task = claim_one(agent)
    agent.tasks.complete(task.execution_id, task.lease)
    again = agent.tasks.enqueue_many([NewTask(task_name="a", unique_key="k")] * 2)
    assert [(e.execution_id, e.created) for e in again] == [(first.execution_id, False)] * 2
    assert agent.tasks.enqueue("a", unique_key="k", queue="other").created


def test_of_a_concurrency_key_as_many_run_as_the_queue_allows(
    client: pylayer.Client, agent: pylayer.Client, conn: Connection[Row]
) -> None:
    client.tasks.set_queue("default", key_limit=2)
    tasks = [NewTask(task_name=f"t{n}", concurrency_key="k", priority=9 - n) for n in range(5)]
    agent.tasks.enqueue_many([*tasks, NewTask(task_name="free", priority=9)])
    first, second, free = agent.tasks.claim("worker", n=9)
    assert (first.task_name, second.task_name, free.task_name) == ("t4", "t3", "free")
    agent.tasks.complete(first.execution_id, first.lease)
    third = claim_one(agent, n=9)
    assert third.task_name == "t2"
    agent.tasks.fail(third.execution_id, third.lease, "boom")
    assert claim_one(agent, n=9).task_name == "t1"
    expire(conn)
    assert agent.tasks.sweep().expired == 3, "the keyed ones and the free one"
    assert claim_one(agent, n=9).task_name == "t0"


@pytest.mark.parametrize(
    ("kept", "expected"),
    [
        ("none", []),
        ("terminal", [("running", "completed"), ("running", "failed")]),
        (
            "all",
            [
                (None, "ready"),
                (None, "ready"),
                ("ready", "running"),
                ("ready", "running"),
                ("running", "completed"),
                ("running", "failed"),
            ],
        ),
    ],
)
def test_a_queue_chooses_its_events(
    client: pylayer.Client,
    agent: pylayer.Client,
    conn: Connection[Row],
    kept: str,
    expected: list[tuple[str | None, str]],
) -> None:
    client.tasks.set_queue("q", events=kept)
    agent.tasks.enqueue("a", queue="q")
    agent.tasks.enqueue("b", queue="q")
    one, two = agent.tasks.claim("worker", ["q"], 2)
    agent.tasks.complete(one.execution_id, one.lease)
    agent.tasks.fail(two.execution_id, two.lease, "boom", retry=False)
    assert sorted(events(conn), key=str) == sorted(expected, key=str)


def test_a_rolled_back_change_leaves_no_event(agent: pylayer.Client, dsn: str, conn: Connection[Row]) -> None:
    agent.tasks.enqueue("a")
    task = claim_one(agent)
    with psycopg.connect(dsn) as mine:
        agent.using(mine).tasks.complete(task.execution_id, task.lease)
        mine.rollback()
    assert events(conn) == []
    assert agent.tasks.get_by_id(task.execution_id).status == "running"


@pytest.mark.parametrize("role", ["pylayer_agent", "pylayer_analyst", "pylayer_auditor", "pylayer_admin"])
@pytest.mark.parametrize(
    "statement",
    [
        "update work.task_executions set status = 'completed'",
        "delete from work.task_executions",
        "insert into work.queues (queue) values ('x')",
        "update work.task_schedules set next_at = now()",
        "select nextval('work.task_positions')",
        "select work.end_attempts('{}', '', true, 0)",
        "select work.store_task_events('{}')",
        "select work.admit_tasks('{}', '{}')",
    ],
)
def test_no_role_gets_round_the_functions(conn: Connection[Row], role: str, statement: str) -> None:
    conn.execute(sql.SQL("set role {}").format(sql.Identifier(role)))
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        conn.execute(statement.encode())


@pytest.mark.parametrize("role", ["pylayer_analyst", "pylayer_auditor"])
def test_readers_neither_enqueue_nor_claim(settings: Settings, role: str) -> None:
    with pylayer.connect(settings=settings, role=role) as reader:
        for call in (
            lambda: reader.tasks.enqueue("a"),
            lambda: reader.tasks.claim("w"),
            reader.tasks.sweep,
            lambda: reader.tasks.fail("x", uuid4(), "e"),
        ):
            with pytest.raises(pylayer.Forbidden):
                call()


@pytest.mark.parametrize(
    "value",
    ["a\0b", {"k": "a\0"}, "\ud800", float("nan"), object()],
    ids=["nul", "in", "surrogate", "nan", "object"],
)
def test_what_postgres_cannot_hold_is_refused(agent: pylayer.Client, value: Any) -> None:
    with pytest.raises(pylayer.InvalidInput):
        agent.tasks.enqueue("a", value)
    with pytest.raises(pylayer.InvalidInput):
        agent.tasks.enqueue_many([{"task_name": "a", "input_data": value}])
    assert agent.tasks.list() == []


FAR_NOTE = f"{{{','.join(['9000000000000000'] * 12)}}}"


@pytest.mark.parametrize("note", [FAR_NOTE, "x", "{a}", "{}", "{{1,2}}"])
def test_an_unusable_note_of_a_session_harms_nobody_for_long(conn: Connection[Row], note: str) -> None:
    """Where a session's claims begin is a setting of its own, which anybody may write."""
    conn.execute("set role pylayer_agent")
    conn.execute("select work.enqueue_task('a')")
    conn.execute("select set_config('pylayer.claims_' || md5('{default}'), %s, false)", [note])
    assert len(conn.execute("select * from work.claim_tasks('w')").fetchall()) == 1


def test_a_clock_that_was_set_back_keeps_no_task_from_its_end(
    agent: pylayer.Client, conn: Connection[Row]
) -> None:
    agent.tasks.enqueue("a")
    task = claim_one(agent)
    conn.execute("update work.task_executions set started_at = clock_timestamp() + interval '1 h'")
    agent.tasks.complete(task.execution_id, task.lease)
    assert agent.tasks.get_by_id(task.execution_id).execution_time_ms == 0


def test_a_keyed_task_needs_read_committed(agent: pylayer.Client, dsn: str) -> None:
    with psycopg.connect(dsn) as mine:
        mine.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        with pytest.raises(pylayer.Conflict) as refused:
            agent.using(mine).tasks.enqueue("a", concurrency_key="k")
        assert refused.value.reason == "not_read_committed"
        mine.rollback()


def test_old_plans_do_not_outgrow_the_table(conn: Connection[Row]) -> None:
    """A claim reads what it claims and little more, beside finished tasks and waiting ones."""
    conn.execute(
        "insert into work.task_executions (execution_id, scheduled_at, created_at, finished_at, status, "
        "priority, max_retries, timeout_seconds, queue, task_name) select core.new_ulid(), now(), now(), "
        "now(), 'completed', 5, 3, 300, 'default', 'old' from generate_series(1, 3000)"
    )
    conn.execute(
        'select count(*) from work.enqueue_tasks((select jsonb_agg(\'{"task_name": "a"}\'::jsonb) '
        "from generate_series(1, 3000)))"
    )
    conn.execute("set track_functions = 'none'")

    def pages() -> int:
        conn.execute("select pg_stat_force_next_flush()")
        (row,) = conn.execute(
            "select heap_blks_read + heap_blks_hit + idx_blks_read + idx_blks_hit as pages "
            "from pg_statio_all_tables where relid = 'work.task_executions'::regclass"
        ).fetchall()
        return row["pages"]

    conn.execute("select count(*) from work.claim_tasks('w')")
    before = pages()
    for _ in range(20):
        conn.execute("select count(*) from work.claim_tasks('w')")
    assert (pages() - before) / 20 < 100
