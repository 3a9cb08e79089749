"""What the table of tasks refuses whoever writes it: the rules hold without the functions."""

from __future__ import annotations

import psycopg
import pytest
from psycopg import Connection

from tests.work.sessions import Row, row


@pytest.mark.parametrize(
    "change",
    [
        "priority = -1",
        "priority = 10",
        "retry_count = -1",
        "retry_count = 1001",
        "max_retries = -1",
        "max_retries = 1001",
        "timeout_seconds = 0",
        "timeout_seconds = 604801",
        "task_name = ''",
        "task_name = repeat('a', 201)",
        "execution_id = left(execution_id, 25)",
        "execution_id = execution_id || '0'",
        "status = 'completed'",
        "status = 'failed'",
        "finished_at = now()",
        "status = 'blocked'",
        "status = 'running', lease_expires_at = now(), started_at = now()",
        "status = 'running', lease = gen_random_uuid(), started_at = now()",
        "status = 'running', lease = gen_random_uuid(), lease_expires_at = now()",
    ],
)
def test_no_task_is_made_one_that_cannot_be(conn: Connection[Row], change: str) -> None:
    conn.execute("select work.enqueue_task('t')")
    with pytest.raises(psycopg.errors.CheckViolation):
        conn.execute(f"update work.task_executions set {change}".encode())


@pytest.mark.parametrize(
    "change",
    [
        "priority = 0, retry_count = 1000, max_retries = 1000, timeout_seconds = 604800",
        "priority = 9, max_retries = 0, timeout_seconds = 1, task_name = repeat('a', 200)",
        "status = 'completed', finished_at = now()",
        "status = 'blocked', concurrency_key = 'k'",
        "status = 'running', lease = gen_random_uuid(), lease_expires_at = now(), started_at = now()",
    ],
)
def test_what_can_be_is_stored(conn: Connection[Row], change: str) -> None:
    conn.execute("select work.enqueue_task('t')")
    conn.execute(f"update work.task_executions set {change}".encode())


def test_an_id_is_a_ulid_of_the_time_of_its_task(conn: Connection[Row]) -> None:
    conn.execute("select work.enqueue_task('one')")
    conn.execute("""select * from work.enqueue_tasks('[{"task_name": "many"}, {"task_name": "many"}]')""")
    found = row(
        conn,
        """
        select count(distinct execution_id::core.ulid) as ids,
          bool_and(core.ulid_time(execution_id) = date_trunc('milliseconds', created_at)) as is_of_its_time
        from work.task_executions
        """,
    )
    assert found == {"ids": 3, "is_of_its_time": True}
