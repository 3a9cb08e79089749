"""Sessions that meet over tasks."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from psycopg import Connection

import pylayer
from pylayer.tasks.cron import next_time
from tests.work.sessions import Row, blocked, row, session

CLAIM = "select * from work.claim_tasks(%s, p_n => %s)"
ENQUEUE = "select * from work.enqueue_task('a', p_unique_key => %s, p_concurrency_key => %s)"


def claimed(connection: Connection[Row], worker: str, n: int = 1) -> list[str]:
    return [r["task_name"] for r in connection.execute(CLAIM, [worker, n]).fetchall()]


def test_a_claim_waits_for_no_other(dsn: str, conn: Connection[Row]) -> None:
    conn.execute("select work.enqueue_tasks(%s)", [json.dumps([{"task_name": n} for n in "abc"])])
    conn.execute("set lock_timeout = '1ms'")
    with session(dsn) as first:
        assert claimed(first, "one") == ["a"]
        assert claimed(conn, "two") == ["b"]
        first.rollback()
    conn.execute("select set_config('pylayer.claims_' || md5('{default}'), '', false)")  # a second later
    assert claimed(conn, "two", 9) == ["a", "c"], "what was given back comes first"


def test_what_becomes_visible_late_is_found(dsn: str, conn: Connection[Row]) -> None:
    with session(dsn) as late:
        row(late, "select work.enqueue_task('late')")
        many = json.dumps([{"task_name": "early"}] * 300)
        conn.execute("select count(*) from work.enqueue_tasks(%s)", [many])
        assert claimed(conn, "w", 300) == ["early"] * 300
        late.commit()
    deadline = datetime.now(UTC) + timedelta(seconds=10)
    found: list[str] = []
    while not found and datetime.now(UTC) < deadline:
        found = claimed(conn, "w")
    assert found == ["late"]


def test_of_two_with_one_unique_key_the_second_gets_the_firsts(dsn: str, conn: Connection[Row]) -> None:
    with session(dsn) as first:
        made = row(first, ENQUEUE, "k", None)
        with blocked(dsn, conn, ENQUEUE, "k", None) as second:
            first.commit()
    result = second.result()
    assert isinstance(result, dict)
    assert (result["execution_id"], result["created"]) == (made["execution_id"], False)


def test_of_two_with_one_concurrency_key_one_is_ready(dsn: str, conn: Connection[Row]) -> None:
    with session(dsn) as first:
        row(first, ENQUEUE, None, "k")
        with blocked(dsn, conn, ENQUEUE, None, "k"):
            first.commit()
    states = [r["status"] for r in conn.execute("select status from work.task_executions").fetchall()]
    assert sorted(states) == ["blocked", "ready"]


def test_a_key_is_never_over_its_limit(dsn: str, client: pylayer.Client, conn: Connection[Row]) -> None:
    client.tasks.enqueue_many([{"task_name": "a", "concurrency_key": "k"}] * 60)
    most: list[int] = []

    def work(worker: int) -> int:
        done = 0
        with session(dsn, autocommit=True) as mine:
            while True:
                found = mine.execute(CLAIM, [f"w{worker}", 5]).fetchall()
                running = row(mine, "select count(*) from work.task_executions where status = 'running'")
                most.append(running["count"])
                for task in found:
                    mine.execute("select work.complete_task(%s, %s)", [task["execution_id"], task["lease"]])
                    done += 1
                left = row(mine, "select count(*) from work.task_executions where status <> 'completed'")
                if not left["count"]:
                    return done

    with ThreadPoolExecutor(4) as threads:
        assert sum(threads.map(work, range(4))) == 60
    assert max(most) == 1


def test_two_schedulers_fire_each_time_once(dsn: str, client: pylayer.Client, conn: Connection[Row]) -> None:
    client.tasks.set_schedule("s", "* * * * *", {"task_name": "tick"})
    start = datetime(2026, 1, 1, tzinfo=UTC)
    conn.execute("update work.task_schedules set next_at = %s", [start])
    fire = "select work.fire_schedule('s', %s, %s) as id"
    minutes = [start + timedelta(minutes=n) for n in range(6)]
    with session(dsn) as first:
        assert row(first, fire, *minutes[:2])["id"]
        with blocked(dsn, conn, fire, *minutes[:2]) as second:
            first.commit()
    result = second.result()
    assert isinstance(result, dict)
    assert result["id"] is None

    def schedule(_: int) -> int:
        with session(dsn, autocommit=True) as mine:
            return sum(
                row(mine, fire, due, next_time("* * * * *", after=due))["id"] is not None
                for due in minutes[1:]
            )

    with ThreadPoolExecutor(2) as threads:
        assert sum(threads.map(schedule, range(2))) == 5
    assert len(client.tasks.list(task_name="tick")) == 6


def test_the_missed_times_of_a_schedule_give_one_task(client: pylayer.Client, conn: Connection[Row]) -> None:
    client.tasks.set_schedule("s", "0 0 1 1 *", {"task_name": "tick"})
    conn.execute("update work.task_schedules set next_at = now() - interval '3 years'")
    assert len(client.tasks.fire_due()) == 1
    assert client.tasks.fire_due() == []
    (schedule,) = client.tasks.schedules()
    assert schedule.next_at > datetime.now(UTC)


def test_dead_entries_do_not_slow_a_claim_while_a_transaction_is_open(
    dsn: str, conn: Connection[Row]
) -> None:
    """Work off 3,000 tasks under an open transaction: the last claims read no more pages than the first."""
    many = json.dumps([{"task_name": "a"}] * 3000)
    conn.execute("select count(*) from work.enqueue_tasks(%s)", [many])
    with psycopg.connect(dsn) as holder:
        holder.execute("select pg_current_xact_id()")
        conn.execute("select count(*) from work.claim_tasks('w', p_n => 1000)")
        conn.execute("select count(*) from work.claim_tasks('w', p_n => 1000)")
        costs = [_index_reads(conn) for _ in range(20)]
        assert min(costs) < 400, costs
        conn.execute("select set_config('pylayer.claims_' || md5('{default}'), '', false)")
        assert _index_reads(conn) > 1500, "what a claim costs that begins at the front"
        holder.rollback()


def _index_reads(conn: Connection[Any]) -> int:
    """Entries of the index of ready tasks that one claim reads."""
    query = "select idx_tup_read from pg_stat_user_indexes where indexrelname = 'task_executions_ready_idx'"
    conn.execute("select pg_stat_force_next_flush()")
    before = row(conn, query)["idx_tup_read"]
    conn.execute("select count(*) from work.claim_tasks('w')")
    conn.execute("select pg_stat_force_next_flush()")
    return row(conn, query)["idx_tup_read"] - before
