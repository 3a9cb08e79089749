"""Sessions that meet in one conversation, and what a call reads of a long one."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from psycopg import Connection

import pylayer
from tests.work.sessions import Row, blocked, refusal, row, session

SAVE = "select * from ai.save_conversation(%s, %s)"
APPEND = "select * from ai.append_message('c', 'user', %s, %s)"
RESULT = "select * from ai.append_message('c', 'tool', 'x', p_tool_call_id => 't')"
CALLS = (
    "select * from ai.append_message('c', 'assistant', p_tool_calls => "
    """'[{"id": "t", "type": "function", "function": {"name": "f", "arguments": ""}}]')"""
)


def outcome(result: Row | psycopg.Error) -> Any:
    """Position and status of a message, or the reason of a refusal."""
    if isinstance(result, psycopg.Error):
        return result.diag.constraint_name
    return (result["position"], result["status"])


def positions(conn: Connection[Row]) -> list[tuple[int, str]]:
    rows = conn.execute("select position, content from ai.messages where instance_id = 'c' order by position")
    return [(r["position"], r["content"]) for r in rows]


@pytest.fixture(autouse=True)
def conversation(conn: Connection[Row]) -> None:
    row(conn, "select * from ai.save_conversation('c')")


def test_the_second_writer_waits_and_comes_next(dsn: str, conn: Connection[Row]) -> None:
    with session(dsn) as first:
        row(first, APPEND, "one", "a")
        with blocked(dsn, conn, APPEND, "two", "b") as second:
            row(first, APPEND, "one more", "c")
            first.commit()
    assert outcome(second.result()) == (3, "created")
    assert positions(conn) == [(1, "one"), (2, "one more"), (3, "two")]


def test_a_writer_who_gives_up_leaves_no_gap(dsn: str, conn: Connection[Row]) -> None:
    with session(dsn) as first:
        row(first, APPEND, "one", "a")
        with blocked(dsn, conn, APPEND, "two", "b") as second:
            first.rollback()
    assert outcome(second.result()) == (1, "created")
    assert row(conn, "select message_count from ai.get_conversation('c')")["message_count"] == 1


@pytest.mark.parametrize(("text", "expected"), [("one", (1, "duplicate")), ("another", "message_conflict")])
def test_of_two_with_one_id_the_second_sees_the_first(
    dsn: str, conn: Connection[Row], text: str, expected: Any
) -> None:
    with session(dsn) as first:
        row(first, APPEND, "one", "a")
        with blocked(dsn, conn, APPEND, text, "a") as second:
            first.commit()
    assert outcome(second.result()) == expected
    assert positions(conn) == [(1, "one")]


def test_a_result_finds_the_call_that_it_waited_for(dsn: str, conn: Connection[Row]) -> None:
    with session(dsn) as first:
        row(first, CALLS)
        with blocked(dsn, conn, RESULT) as second:
            first.commit()
    assert outcome(second.result()) == (2, "created")
    assert row(conn, "select call_position from ai.messages where position = 2")["call_position"] == 1


def test_a_transaction_of_one_snapshot_is_told_to_try_again(dsn: str, conn: Connection[Row]) -> None:
    with session(dsn) as late:
        late.execute("set transaction isolation level repeatable read")
        late.execute("select from ai.messages")
        row(conn, APPEND, "one", "a")
        assert refusal(lambda: row(late, APPEND, "two", "b"))[0] == "40001"


@pytest.mark.parametrize("instance_id", ["c", "new"])
def test_of_two_that_save_one_conversation_the_second_changes_what_the_first_left(
    dsn: str, conn: Connection[Row], instance_id: str
) -> None:
    with session(dsn) as first:
        row(first, SAVE, instance_id, '{"title": "x", "tags": ["first"]}')
        with blocked(dsn, conn, SAVE, instance_id, '{"title": "y", "metadata": {"k": 1}}') as second:
            first.commit()
    saved = second.result()
    assert isinstance(saved, dict)
    assert (saved["title"], saved["tags"], saved["metadata"]) == ("y", ["first"], {"k": 1})


def test_a_title_and_a_message_do_not_undo_each_other(dsn: str, conn: Connection[Row]) -> None:
    with session(dsn) as first:
        row(first, APPEND, "one", "a")
        with blocked(dsn, conn, SAVE, "c", '{"title": "x"}') as second:
            first.commit()
    saved = second.result()
    assert isinstance(saved, dict)
    assert (saved["title"], saved["message_count"]) == ("x", 1)


def test_many_writers_leave_no_gap(client: pylayer.Client) -> None:
    """Half of what each sends, another sends too."""
    texts = [f"message {n}" for n in range(60)]

    def write(start: int) -> None:
        for n in range(start, start + 40):
            client.conversations.append("c", "user", texts[n % 60], message_id=f"m{n % 60}")

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(write, (0, 20, 40, 10)))
    stored = client.conversations.messages("c")
    assert [m.position for m in stored] == list(range(1, 61))
    assert sorted(m.content for m in stored) == sorted(texts)
    assert client.conversations.get_by_id("c").message_count == 60


def test_a_call_reads_little_of_a_long_conversation(conn: Connection[Row]) -> None:
    conn.execute(
        "insert into ai.messages (instance_id, position, message_id, role, content, tool_calls, token_count,"
        " is_token_estimate, recorded_epoch, recorded_xid)"
        " select 'c', n, 'm' || n, 'assistant',"
        " repeat('x', 1000) || case n when 7 then ' needle' else '' end,"
        " jsonb_build_array(jsonb_build_object('id', 'call ' || n, 'type', 'function', 'function',"
        ' \'{"name": "f", "arguments": ""}\'::jsonb)), 10, false, 1, 1'
        " from generate_series(1, 20000) as n"
    )
    conn.execute("update ai.conversations set message_count = 20000")
    conn.execute("vacuum analyze ai.messages")
    for query in (
        "select * from ai.conversation_window('c', p_max_tokens => 200)",
        "select * from ai.conversation_window('c', p_max_messages => 20)",
        "select * from ai.append_message('c', 'user', 'x')",
        RESULT.replace("'t'", "'call 19999'"),
        "select * from ai.list_messages('c', 20, 10000)",
        "select * from ai.search_messages('needle')",
    ):
        explained = f"explain (analyze, buffers, format json) {query}"
        plans = [row(conn, explained)["QUERY PLAN"][0]["Plan"] for _ in range(3)]
        # The least: a session reads the catalog at first, and again when DDL on the server overran it.
        blocks = min(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] for plan in plans)
        assert blocks < 300, f"{query}: of 3,000 of the table"
