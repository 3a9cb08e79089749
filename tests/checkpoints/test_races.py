"""Two sessions: one stores, one removes; no reference ever leads nowhere."""

from __future__ import annotations

import hashlib
import json
import random
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from psycopg import Connection

import pylayer
from pylayer.config import Settings
from pylayer.langgraph import PylayerSaver
from tests.checkpoints.support import config, count, dangling, put, values
from tests.work.sessions import blocked, refusal, row, session

SHARED = "shared" * 100
PUT = "select work.put_checkpoint(%s, '', %s, null, '{}', '{}', '{\"c\": 0}', %s, %s) as stored"


def stored(thread: str, checkpoint_id: str, *, sent: bool = True, text: str = SHARED) -> tuple[Any, ...]:
    """The arguments of `PUT`."""
    data = text.encode()
    sha256 = hashlib.sha256(data).hexdigest()
    blobs = [[sha256, "text", len(data) if sent else None]]
    return thread, checkpoint_id, json.dumps(blobs), data if sent else b""


def test_two_sessions_store_the_same_blob(dsn: str, conn: Connection[Any]) -> None:
    with session(dsn) as first:
        row(first, PUT, *stored("t", "1"))
        with blocked(dsn, conn, PUT, *stored("u", "1")) as second:
            first.commit()
        assert second.result() == {"stored": True}
    assert count(conn, "checkpoint_blobs") == 1
    assert dangling(conn) == 0


@pytest.mark.parametrize("sent", [True, False])
def test_a_blob_that_is_being_removed_is_stored_anew_or_asked_for(
    sent: bool, dsn: str, conn: Connection[Any]
) -> None:
    row(conn, PUT, *stored("t", "1"))
    with session(dsn) as removing:
        row(removing, "select * from work.delete_checkpoint_threads('[\"t\"]')")
        with blocked(dsn, conn, PUT, *stored("u", "1", sent=sent)) as storing:
            removing.commit()
        assert storing.result() == {"stored": sent}
    assert count(conn, "checkpoint_blobs") == sent
    assert dangling(conn) == 0


@pytest.mark.parametrize("sent", [True, False])
def test_a_blob_that_is_being_swept_is_stored_anew_or_asked_for(
    sent: bool, dsn: str, conn: Connection[Any]
) -> None:
    """Maintenance has removed it, uncommitted, when another thread comes to refer to it."""
    row(conn, PUT, *stored("t", "1"))
    with session(dsn) as storing:
        row(storing, PUT, *stored("u", "1", sent=False))
        row(conn, "select * from work.delete_checkpoint_threads('[\"t\"]')")
        storing.rollback()
    assert count(conn, "checkpoint_blobs") == 1
    with session(dsn) as sweeping:
        assert row(sweeping, "select work.remove_unused_checkpoint_blobs() as n") == {"n": 1}
        with blocked(dsn, conn, PUT, *stored("u", "1", sent=sent)) as again:
            sweeping.commit()
        assert again.result() == {"stored": sent}
    assert count(conn, "checkpoint_blobs") == sent
    assert dangling(conn) == 0


def test_a_blob_whose_sweep_is_rolled_back_is_used(dsn: str, conn: Connection[Any]) -> None:
    row(conn, PUT, *stored("t", "1"))
    with session(dsn) as removing:
        row(removing, "select * from work.delete_checkpoint_threads('[\"t\"]')")
        with blocked(dsn, conn, PUT, *stored("u", "1", sent=False)) as storing:
            removing.rollback()
        assert storing.result() == {"stored": True}
    assert count(conn, "checkpoint_blobs") == 1
    assert dangling(conn) == 0


def test_eight_writers_of_one_thread(settings: Settings, conn: Connection[Any]) -> None:
    """Eight at once: each has stored all of its own, and what they share is there once."""
    with pylayer.connect(settings=settings, pool_size=8) as client:
        saver = PylayerSaver(client)

        def write(writer: int) -> None:
            for n in range(20):
                put(saver, f"{n:03}-{writer}", {"a": [f"{n % 5}" * 200] * 9, "b": f"{writer}" * 200})
                saver.put_writes(config("t", f"{n:03}-{writer}"), [("b", f"{writer}" * 200)], "task")

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(write, range(8)))
        assert len(list(saver.list(config()))) == 160
    # Of "a" five values, as one element and as eight; of "b" eight.
    assert count(conn, "checkpoint_blobs") == 18
    assert dangling(conn) == 0


def test_a_blob_that_is_being_used_stays(dsn: str, conn: Connection[Any]) -> None:
    """Who removes waits for nobody of another thread; what it leaves is removed by maintenance, if at all."""
    row(conn, PUT, *stored("t", "1"))
    with session(dsn) as storing:
        row(storing, PUT, *stored("u", "1", sent=False))
        assert row(conn, "select blobs from work.delete_checkpoint_threads('[\"t\"]')") == {"blobs": 0}
        assert row(conn, "select work.remove_unused_checkpoint_blobs() as n") == {"n": 0}
        storing.commit()
    assert row(conn, "select work.remove_unused_checkpoint_blobs() as n") == {"n": 0}
    assert dangling(conn) == 0
    assert count(conn, "checkpoint_blobs") == 1


def test_a_use_that_was_rolled_back_keeps_nothing(dsn: str, conn: Connection[Any]) -> None:
    row(conn, PUT, *stored("t", "1"))
    with session(dsn) as storing:
        row(storing, PUT, *stored("u", "1", sent=False))
        row(conn, "select * from work.delete_checkpoint_threads('[\"t\"]')")
        storing.rollback()
    assert row(conn, "select work.remove_unused_checkpoint_blobs() as n") == {"n": 1}


@pytest.mark.parametrize(
    "remove",
    [
        "select * from work.prune_checkpoints('[\"t\"]')",
        "select * from work.delete_checkpoint_threads('[\"t\"]')",
        "select * from work.delete_checkpoints_of_runs('[\"r\"]')",
    ],
)
def test_who_removes_waits_for_who_stores_in_the_thread(remove: str, dsn: str, conn: Connection[Any]) -> None:
    row(conn, PUT.replace("null, '{}', '{}'", "null, '{}', '{\"run_id\": \"r\"}'"), *stored("t", "1"))
    with session(dsn) as storing:
        row(storing, PUT, *stored("t", "2", sent=False))
        with blocked(dsn, conn, remove) as removing:
            storing.commit()
        assert isinstance(removing.result(), dict)
    assert dangling(conn) == 0


def test_who_stores_waits_for_who_removes_the_thread(dsn: str, conn: Connection[Any]) -> None:
    row(conn, PUT, *stored("t", "1"))
    with session(dsn) as removing:
        row(removing, "select * from work.delete_checkpoint_threads('[\"t\"]')")
        with blocked(dsn, conn, PUT, *stored("t", "2")) as storing:
            removing.commit()
        assert storing.result() == {"stored": True}
    assert row(conn, "select count(*) as n from work.checkpoints") == {"n": 1}
    assert dangling(conn) == 0


@pytest.mark.parametrize("level", ["repeatable read", "serializable"])
def test_an_old_snapshot_stores_nothing_that_leads_nowhere(
    level: str, dsn: str, conn: Connection[Any]
) -> None:
    row(conn, PUT, *stored("t", "1"))
    row(conn, PUT, *stored("t", "2", text="latest" * 100))
    with session(dsn) as old:
        old.execute(f"begin isolation level {level}".encode())
        row(old, "select 1 as one")
        row(conn, "select * from work.prune_checkpoints('[\"t\"]')")
        assert refusal(lambda: row(old, PUT, *stored("t", "3", sent=False)))[0] == "40001"
        old.rollback()
    assert dangling(conn) == 0


def test_many_sessions_at_once(settings: Settings, conn: Connection[Any]) -> None:
    """Savers that share few values, prune, copy and delete: what is read is always whole."""

    def work(seed: int) -> None:
        draw = random.Random(seed)
        with pylayer.connect(settings=settings, pool_size=1) as client:
            saver = PylayerSaver(client)
            for n in range(60):
                thread, other = (f"t{draw.randrange(3)}" for _ in range(2))
                what = draw.random()
                if what < 0.7:
                    value = {"a": [f"{draw.randrange(4)}" * 200] * draw.randrange(1, 20)}
                    put(saver, f"{n:03}-{seed}", value, thread=thread)
                    values(saver, thread)
                elif what < 0.8:
                    saver.prune([thread, other])
                elif what < 0.9:
                    saver.copy_thread(thread, other)
                else:
                    saver.delete_thread(thread)
                client.checkpoints.remove_unused_blobs()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    assert dangling(conn) == 0
    (unused,) = conn.execute(
        "select count(*) as n from work.checkpoint_blob_uses as u where not exists "
        "(select from work.checkpoint_threads as t where t.thread_key = u.thread_key)"
    ).fetchall()
    assert unused["n"] == 0


def test_a_foreign_key_is_the_second_net(conn: Connection[Any]) -> None:
    row(conn, PUT, *stored("t", "1"))
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        conn.execute("delete from work.checkpoint_blobs")
