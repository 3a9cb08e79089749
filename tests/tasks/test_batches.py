"""Batches of tasks: each kind of task in any place of a batch, and all or none."""

from __future__ import annotations

import json
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from tests.work.sessions import Row, row


def enqueue(conn: Connection[Row], tasks: list[Any]) -> list[Row]:
    return conn.execute("select * from work.enqueue_tasks(%s)", [json.dumps(tasks)]).fetchall()


def stored(conn: Connection[Row]) -> int:
    return row(conn, "select count(*) as count from work.task_executions")["count"]


def claimed(conn: Connection[Row], queue: str = "default") -> list[str]:
    return [
        task["task_name"]
        for task in conn.execute(
            "select task_name from work.claim_tasks('w', array[%s], 1000)", [queue]
        ).fetchall()
    ]


@pytest.mark.parametrize(
    "keyed", [{"unique_key": "u"}, {"concurrency_key": "c"}, {"run_id": "r", "metadata": {"a": 1}}]
)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_batch_keeps_its_order_whatever_its_tasks_have(
    conn: Connection[Row], keyed: dict[str, Any], place: int
) -> None:
    tasks: list[dict[str, Any]] = [{"task_name": name} for name in "abc"]
    tasks[place] |= keyed
    found = enqueue(conn, tasks)
    assert [task["position"] for task in found] == [1, 2, 3]
    assert all(task["created"] for task in found)
    order = claimed(conn)
    assert sorted(order) == ["a", "b", "c"]
    if "concurrency_key" not in keyed:  # it becomes ready when its key has room, after the others
        assert order == ["a", "b", "c"]


@pytest.mark.parametrize(
    "queues", [("default", "new"), ("new", "default"), ("all", "default"), ("all", "all")]
)
def test_a_batch_may_be_for_several_queues(conn: Connection[Row], queues: tuple[str, str]) -> None:
    conn.execute("select work.set_queue('all', p_events => 'all')")
    enqueue(conn, [{"task_name": str(nth), "queue": queue} for nth, queue in enumerate(queues)])
    assert stored(conn) == 2
    for queue in set(queues):
        assert claimed(conn, queue) == [str(nth) for nth, name in enumerate(queues) if name == queue]
    (events,) = conn.execute(
        "select count(*) as count from telemetry.workflow_events where payload ->> 'to_state' = 'ready'"
    ).fetchall()
    assert events["count"] == queues.count("all")


@pytest.mark.parametrize(
    "bad",
    [5, None, [], "x", {}, {"task_name": ""}, {"task_nam": "a"}, {"task_name": "a", "prioirty": 1},
     {"task_name": "a", "x": None}, {"task_name": "a", "queue": "No"}, {"task_name": "a", "priority": 10},
     {"task_name": "a", "metadata": []}, {"task_name": "a", "delay_seconds": -1},
     {"task_name": "a", "unique_key": ""}],
    ids=json.dumps,
)  # fmt: skip
@pytest.mark.parametrize("other", [{"task_name": "a"}, {"task_name": "a", "priority": 1}], ids=json.dumps)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_one_bad_task_keeps_all_out(conn: Connection[Row], bad: object, other: Any, place: int) -> None:
    tasks: list[Any] = [other, other]
    tasks.insert(place, bad)
    with pytest.raises(psycopg.Error) as refused:
        enqueue(conn, tasks)
    assert (refused.value.sqlstate, refused.value.diag.constraint_name) == ("PT400", "invalid_task")
    assert stored(conn) == 0


@pytest.mark.parametrize("surplus", [{"x": 1}, {"metadata": []}, {"delay_seconds": -1}], ids=json.dumps)
@pytest.mark.parametrize("places", [(0, 1, 2), (0, 2, 1), (2, 1, 0)])
def test_a_key_too_many_in_one_does_not_make_up_for_one_too_few_in_another(
    conn: Connection[Row], surplus: dict[str, Any], places: tuple[int, int, int]
) -> None:
    tasks: list[dict[str, Any]] = [
        {"task_name": "a", "queue": "default"},
        {"task_name": "a"},
        {"task_name": "a", "queue": "default"} | surplus,
    ]
    with pytest.raises(psycopg.Error) as refused:
        enqueue(conn, [tasks[place] for place in places])
    assert (refused.value.sqlstate, refused.value.diag.constraint_name) == ("PT400", "invalid_task")
    assert stored(conn) == 0


def test_a_null_is_as_if_the_key_were_not_there(conn: Connection[Row]) -> None:
    enqueue(conn, [{"task_name": "a", "priority": None}, {"task_name": "b", "unique_key": None}])
    assert claimed(conn) == ["a", "b"]


def test_one_task_too_large_keeps_all_out(conn: Connection[Row]) -> None:
    with pytest.raises(psycopg.Error) as refused:
        enqueue(conn, [{"task_name": "a", "input_data": "x" * size} for size in (1, 1_100_000)])
    assert (refused.value.sqlstate, refused.value.diag.constraint_name) == ("PT413", "task_limit")
    assert stored(conn) == 0


def test_a_batch_over_a_mebibyte_of_small_tasks_is_stored(conn: Connection[Row]) -> None:
    assert len(enqueue(conn, [{"task_name": "a", "input_data": "x" * 1000}] * 1500)) == 1500
    assert stored(conn) == 1500


def test_a_batch_may_come_compressed_from_a_table(conn: Connection[Row]) -> None:
    tasks = json.dumps([{"task_name": "a", "input_data": {"text": "x" * 100}}] * 5000)
    conn.execute("create temporary table staged (tasks jsonb)")
    conn.execute("insert into staged values (%s)", [tasks])
    size = row(conn, "select pg_column_size(tasks) as size, pg_column_compression(tasks) as way from staged")
    assert size["way"] is not None
    assert size["size"] < len(tasks) / 2
    conn.execute("select count(*) from staged, work.enqueue_tasks(tasks)")
    assert stored(conn) == 5000


@pytest.mark.parametrize("bad", [5, None, [], [[]], "x"], ids=json.dumps)
def test_a_completion_is_an_object(conn: Connection[Row], bad: object) -> None:
    with pytest.raises(psycopg.Error) as refused:
        conn.execute("select * from work.complete_tasks(%s)", [json.dumps([bad])])
    assert (refused.value.sqlstate, refused.value.diag.constraint_name) == ("PT400", "invalid_task")
