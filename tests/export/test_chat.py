"""Conversations as training data: the messages format, cut at a horizon, the same bytes every time."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from psycopg import ClientCursor, Connection

import pylayer
from pylayer.calls import call_sql
from pylayer.config import Settings
from pylayer.conversations import Message
from pylayer.errors import InvalidInput
from pylayer.export import export_training
from tests.export.test_training import DAYS, ODD, TODAY, analyst, contents, export, folder, refused

__all__ = ["analyst"]
CALL = {"id": "t", "type": "function", "function": {"name": "f", "arguments": '{"a": null}'}}
Begin = Callable[..., None]


@pytest.fixture
def begin(client: pylayer.Client, conn: Connection[Any]) -> Begin:
    """Makes a conversation that began at noon of a day, or at another time, with messages."""

    def make(instance_id: str, day: Any, *texts: str, at: time = time(12)) -> None:
        conn.execute(
            "insert into ai.conversations (instance_id, created_at) values (%s, %s)",
            (instance_id, datetime.combine(day, at, UTC)),
        )
        client.conversations.append_many(instance_id, [Message(role="user", content=t) for t in texts])

    return make


def lines(out: Path, day: Any) -> list[Any]:
    text = (folder(out, "chat") / f"chat_{day}.jsonl").read_text("utf-8")
    return [json.loads(line) for line in text.split("\n")[:-1]]


def texts(out: Path, day: Any) -> list[list[str]]:
    return [[message["content"] for message in line["messages"]] for line in lines(out, day)]


def test_a_line_is_a_conversation_as_it_was_held(
    analyst: Settings, client: pylayer.Client, begin: Begin, tmp_path: Path
) -> None:
    begin("a", DAYS[0], ODD)
    client.conversations.append("a", "assistant", tool_calls=[CALL], agent_id="x", metadata={"k": 1})
    client.conversations.append("a", "tool", "Rain", tool_call_id="t", is_error=True)
    done = export(analyst, tmp_path, "chat")
    assert (done.files, done.rows) == (3, 1)
    assert lines(tmp_path, DAYS[0]) == [
        {
            "messages": [
                {"role": "user", "content": ODD},
                {"role": "assistant", "content": "", "tool_calls": [CALL]},
                {"role": "tool", "content": "Rain", "tool_call_id": "t"},
            ]
        }
    ]
    manifest = json.loads(Path(done.manifest).read_text())
    assert manifest["columns"] == [{"name": "messages", "type": "jsonb"}]
    assert (manifest["files"][0]["rows"], manifest["files"][0]["min_id"]) == (1, None)


def test_conversations_stand_on_the_day_on_which_they_began(
    settings: Settings, begin: Begin, tmp_path: Path
) -> None:
    begin("last", DAYS[0], "3", at=time(23, 59, 59, 999999))
    begin("first", DAYS[0], "1", at=time(0))
    begin("second", DAYS[0], "2", at=time(0))
    begin("next day", DAYS[1], "4", "5", at=time(0))
    begin("silent", DAYS[1])
    begin("old", TODAY - timedelta(days=1000), "6")
    export(settings, tmp_path, "chat")
    assert [texts(tmp_path, day) for day in DAYS] == [[["1"], ["2"], ["3"]], [["4", "5"]], []]
    old = TODAY - timedelta(days=1000)
    export_training(settings, "chat", old, old + timedelta(days=1), out=str(tmp_path))
    assert texts(tmp_path, old) == [["6"]], "no retention takes conversations out"


def test_what_is_said_later_is_not_in_it(
    settings: Settings, client: pylayer.Client, begin: Begin, tmp_path: Path
) -> None:
    begin("a", DAYS[0], "1", "2")
    export(settings, tmp_path / "one", "chat")
    before = contents(folder(tmp_path / "one", "chat"))
    client.conversations.append("a", "user", "3")
    begin("b", DAYS[0], "4")
    (folder(tmp_path / "one", "chat") / f"chat_{DAYS[0]}.jsonl").unlink()
    assert export(settings, tmp_path / "one", "chat").written == 1
    assert contents(folder(tmp_path / "one", "chat")) == before
    export(settings, tmp_path / "two", "chat")
    assert texts(tmp_path / "two", DAYS[0]) == [["1", "2", "3"], ["4"]]


@pytest.mark.parametrize("file_format", ["csv", "parquet"])
def test_documents_are_json_lines(settings: Settings, tmp_path: Path, file_format: Any) -> None:
    refused(lambda: export(settings, tmp_path, "chat", file_format=file_format), InvalidInput, "jsonl_only")
    assert not list(tmp_path.iterdir())


def test_conversations_are_streamed_from_an_index(conn: Connection[Any]) -> None:
    """A function that is called would keep all rows first; a sort would read all before the first."""
    conn.execute(
        "insert into ai.conversations (instance_id, created_at)"
        " select n, now() - n * interval '1 hour' from generate_series(1, 5000) as n"
    )
    conn.execute(
        "insert into ai.messages (instance_id, position, message_id, role, content, token_count,"
        " is_token_estimate, recorded_epoch, recorded_xid) select c, n, n, 'user', 'x', 1, false, 1, 1"
        " from generate_series(1, 5000) as c cross join generate_series(1, 5) as n"
    )
    conn.execute("analyze ai.conversations, ai.messages")
    conn.execute("set enable_sort = off")
    start = datetime.combine(DAYS[0], time(), UTC)
    params = {"p_from": start, "p_to": start + timedelta(days=1), "p_epoch": 1, "p_xid": 9}
    statement = f"explain (analyze, costs off) {call_sql('ai.training_chat', params)}"
    explained = ClientCursor(conn).mogrify(statement, params)
    plan = "\n".join(row["QUERY PLAN"] for row in conn.execute(explained.encode()))
    assert "Function Scan" not in plan
    assert "Sort" not in plan
    assert "using conversations_created" in plan
    assert "using messages_pkey" in plan
