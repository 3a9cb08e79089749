"""Conversations through the client: order, identity, pages, refusals, rights."""

from __future__ import annotations

import asyncio
import doctest
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

import pylayer
from pylayer.config import Settings
from pylayer.conversations import Conversations, Message
from pylayer.conversations.encoding import MAX_MESSAGE_BYTES, MAX_MESSAGES
from pylayer.errors import PylayerError

CALL = {"id": "t", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Oslo"}'}}
ODD = "quote ' \" \\ \t \r\n %s {x} \u2028 é漢🎉 \x01"


def refused(call: Callable[[], Any], kind: type[PylayerError], code: str, reason: str | None) -> None:
    with pytest.raises(kind) as caught:
        call()
    assert (caught.value.code, caught.value.reason) == (code, reason)


@pytest.fixture
def chat(client: pylayer.Client) -> Conversations[Any]:
    client.conversations.save("c")
    return client.conversations


@pytest.mark.parametrize("documented", [Conversations.save, Conversations.append])
def test_the_examples_are_true(client: pylayer.Client, documented: Any) -> None:
    example = doctest.DocTestParser().get_doctest(
        documented.__doc__, {"client": client}, "example", None, None
    )
    outcome = doctest.DocTestRunner().run(example)
    assert outcome.attempted > 0
    assert outcome.failed == 0


def test_a_conversation_is_what_was_said(client: pylayer.Client) -> None:
    made = client.conversations.save(
        "c", title=ODD, agent_id="a", run_id="r", project_id="p", tags=["x", {"y": 1}], metadata={"k": [ODD]}
    )
    assert made.message_count == 0
    asked = Message(role="user", content=ODD, metadata={"k": ODD}, agent_id=ODD)
    given = [
        {"role": "system", "content": "Be brief.", "token_count": 3},
        asked,
        Message(role="assistant", tool_calls=[CALL]),
        {"role": "tool", "content": "Rain", "tool_call_id": "t", "is_error": True},
    ]
    results = client.conversations.append_many("c", given)
    assert [(r.position, r.status, r.created) for r in results] == [(n, "created", True) for n in range(1, 5)]
    system, stored, call, result = client.conversations.messages("c")
    assert (system.token_count, system.is_token_estimate) == (3, False)
    assert stored.model_dump(include=Message.model_fields.keys() - {"token_count"}) == asked.model_dump(
        exclude={"token_count"}
    )
    assert (stored.token_count, stored.is_token_estimate) == (-(-len(ODD.encode()) // 4), True)
    assert call.tool_calls == [CALL]
    assert (result.tool_call_id, result.is_error) == ("t", True)
    known = client.conversations.get_by_id("c")
    assert known.message_count == 4
    assert known.model_dump(exclude={"message_count", "updated_at"}) == made.model_dump(
        exclude={"message_count", "updated_at"}
    )
    assert client.conversations.list(project_id="p", tags=[{"y": 1}]) == [known]


def test_what_is_said_of_a_conversation_may_change(chat: Conversations[Any]) -> None:
    before = chat.save("c", title="Weather", agent_id="a", tags=["x"])
    chat.append("c", "user", "Hello")
    after = chat.save("c", title="Weather in Rome", tags=None, metadata={"k": ODD})
    assert (after.title, after.agent_id, after.tags, after.metadata) == (
        "Weather in Rome",
        "a",
        None,
        {"k": ODD},
    )
    assert (after.created_at, after.message_count) == (before.created_at, 1)
    assert after.updated_at > before.updated_at
    assert chat.save("c", title="Weather in Rome") == after
    assert chat.get_by_id("c") == after
    assert [m.content for m in chat.messages("c")] == ["Hello"]


@pytest.mark.parametrize(
    ("fields", "error", "reason"),
    [
        ({"title": "x" * 501}, pylayer.InvalidInput, "invalid_field"),
        ({"title": ""}, pylayer.InvalidInput, "invalid_field"),
        ({"titel": "x"}, pylayer.InvalidInput, "unknown_field"),
        ({"message_count": 7}, pylayer.InvalidInput, "unknown_field"),
        ({"metadata": {"k": "x" * 262_144}}, pylayer.TooLarge, "field_limit"),
    ],
)
def test_what_cannot_be_said_of_one_changes_nothing(
    chat: Conversations[Any], fields: Any, error: type[Exception], reason: str
) -> None:
    before = chat.save("c", title="Weather")
    code = "PT413" if error is pylayer.TooLarge else "PT400"
    refused(lambda: chat.save("c", **fields), error, code, reason)
    refused(lambda: chat.save("d", **fields), error, code, reason)
    assert chat.list() == [before]


def test_every_call_again_changes_nothing(chat: Conversations[Any]) -> None:
    messages = [Message(role="user", content=str(n)) for n in range(3)]
    first = chat.append_many("c", messages)
    chat.append("c", "assistant", "Hello", message_id="m")
    before = (chat.get_by_id("c"), chat.messages("c"))
    again = chat.append_many("c", [*messages, messages[0]])
    assert [r.position for r in again] == [r.position for r in first] + [1]
    assert {r.status for r in again} == {"duplicate"}
    assert chat.append("c", "assistant", "Hello", message_id="m", metadata={"try": 2}).status == "duplicate"
    chat.save("c")
    chat.save("c", title=None)
    assert (chat.get_by_id("c"), chat.messages("c")) == before


def test_the_same_id_for_something_else_is_a_conflict(chat: Conversations[Any]) -> None:
    chat.append("c", "user", "Hello", message_id="m")
    refused(
        lambda: chat.append("c", "user", "Bye", message_id="m"), pylayer.Conflict, "PT409", "message_conflict"
    )
    chat.save("d")
    assert chat.append("d", "user", "Bye", message_id="m").created
    assert [m.content for m in chat.messages("c")] == ["Hello"]


def test_pages_hold_each_once(chat: Conversations[Any]) -> None:
    chat.append_many("c", [Message(role="user", content=f"word {n}") for n in range(5)])
    read: list[int] = []
    while page := chat.messages("c", limit=2, after=read[-1] if read else 0):
        read += [m.position for m in page]
    assert read == [1, 2, 3, 4, 5]
    found: list[tuple[str, int]] = []
    while page := chat.search("word", limit=2, after=found[-1] if found else None):
        found += [(m.instance_id, m.position) for m in page]
    assert found == [("c", n) for n in (5, 4, 3, 2, 1)]
    for n in range(4):
        chat.save(f"more {n}")
    listed: list[str] = []
    while page := chat.list(limit=2, after=listed[-1] if listed else None):
        listed += [c.instance_id for c in page]
    assert listed == ["more 3", "more 2", "more 1", "more 0", "c"]


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ({"role": "robot"}, "invalid_message"),
        ({}, "invalid_message"),
        ({"role": "user", "contents": "x"}, "invalid_message"),
        ({"role": "tool"}, "invalid_message"),
        ({"role": "assistant", "tool_calls": [{"name": "f"}]}, "invalid_message"),
        ({"role": "user", "token_count": -1}, "invalid_message"),
        ({"role": "user", "token_count": 10**30}, "invalid_message"),
        ({"role": "user", "message_id": ""}, "invalid_message"),
        ("text", "invalid_message"),
        (None, "invalid_message"),
    ],
)
def test_what_is_no_message_is_refused(chat: Conversations[Any], message: Any, reason: str) -> None:
    refused(lambda: chat.append_many("c", [{"role": "user"}, message]), pylayer.InvalidInput, "PT400", reason)
    assert chat.messages("c") == []


def test_what_text_cannot_hold_is_refused(chat: Conversations[Any]) -> None:
    for text, code in (("\x00", "22021"), ("\udcff", "22021")):
        refused(lambda text=text: chat.append("c", "user", text), pylayer.InvalidInput, code, None)
        refused(lambda text=text: chat.save(text), pylayer.InvalidInput, code, None)
    refused(
        lambda: chat.append_many("c", [{"role": "user", "content": "\x00"}]),
        pylayer.InvalidInput,
        "22P05",
        None,
    )
    refused(lambda: chat.append("c", "user", metadata={"k": object()}), pylayer.InvalidInput, "22P02", None)
    assert chat.messages("c") == []


def test_limits(chat: Conversations[Any]) -> None:
    large = "x" * MAX_MESSAGE_BYTES
    one = Message(role="user")
    for call, reason in (
        (lambda: chat.append("c", "user", large), "message_too_large"),
        (lambda: chat.append_many("c", [{"role": "user", "content": large}]), "message_too_large"),
        (lambda: chat.append_many("c", [one] * (MAX_MESSAGES + 1)), "too_many_messages"),
    ):
        refused(call, pylayer.TooLarge, "PT413", reason)
    assert chat.messages("c") == []
    assert chat.append("c", "user", large[:-1000]).created
    many = chat.append_many("c", [Message(role="user") for _ in range(MAX_MESSAGES)])
    assert many[-1].position == MAX_MESSAGES + 1
    assert chat.append_many("c", []) == []


def test_no_such_conversation(client: pylayer.Client) -> None:
    calls: list[Callable[[], Any]] = [
        lambda: client.conversations.get_by_id("x"),
        lambda: client.conversations.append("x", "user"),
        lambda: client.conversations.append_many("x", []),
        lambda: client.conversations.messages("x"),
        lambda: client.conversations.window("x", max_messages=1),
        lambda: client.conversations.list(after="x"),
    ]
    for call in calls:
        refused(call, pylayer.NotFound, "PT404", "no_conversation")


@pytest.mark.parametrize("role", ["pylayer_analyst", "pylayer_auditor"])
def test_readers_read_and_say_nothing(client: pylayer.Client, role: str) -> None:
    agent, reader = client.acting_as("pylayer_agent").conversations, client.acting_as(role).conversations
    agent.save("c")
    agent.append("c", "user", "Hello")
    assert [m.content for m in reader.window("c", max_tokens=100)] == ["Hello"]
    assert [m.content for m in reader.search("hello")] == ["Hello"]
    assert reader.list() == [reader.get_by_id("c")]
    for call in (
        lambda: reader.save("d"),
        lambda: reader.append("c", "user"),
        lambda: reader.append_many("c", []),
    ):
        refused(call, pylayer.Forbidden, "42501", None)


CHANGES = [
    "update ai.messages set content = 'x'",
    "delete from ai.messages",
    "truncate ai.messages",
    "delete from ai.conversations",
    "truncate ai.conversations cascade",
    "update ai.conversations set created_at = now()",
    "set local session_replication_role = replica; delete from ai.messages",
    "merge into ai.messages as m using (select 1) as s on true when matched then delete",
]


@pytest.mark.parametrize(
    "role",
    [
        "pylayer_agent",
        "pylayer_analyst",
        "pylayer_auditor",
        "pylayer_admin",
        "pylayer_api",
        "pylayer_owner",
        "postgres",
    ],
)
def test_nobody_changes_what_was_said(chat: Conversations[Any], dsn: str, role: str) -> None:
    chat.append("c", "user", "Hello")
    before = (chat.get_by_id("c"), chat.messages("c"))
    expected = "PT403" if role in {"pylayer_owner", "postgres"} else "42501"
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(f"set role {role}".encode())
        for statement in CHANGES:
            with pytest.raises(psycopg.Error) as caught:
                connection.execute(statement.encode())
            # Only a superuser takes on the role of a replica.
            code = "42501" if "replica" in statement and role != "postgres" else expected
            assert caught.value.sqlstate == code, statement
    assert (chat.get_by_id("c"), chat.messages("c")) == before


def test_agents_read_and_write_no_table(chat: Conversations[Any], dsn: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("set role pylayer_agent")
        for statement in (
            "select from ai.messages",
            "select from ai.conversations",
            "insert into ai.conversations (instance_id) values ('d')",
            "insert into ai.messages (instance_id, position) values ('c', 1)",
            "update ai.conversations set message_count = 7",
            "select ai.given_messages('c', '[]')",
            "select ai.training_chat(now(), now(), 1, 1)",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement.encode())


def test_the_async_client_does_the_same(settings: Settings) -> None:
    async def main() -> None:
        async with await pylayer.connect_async(settings=settings) as client:
            made = await client.conversations.save(title="x")
            results = await asyncio.gather(
                *(client.conversations.append(made.instance_id, "user", f"word {n}") for n in range(20))
            )
            assert sorted(r.position for r in results) == list(range(1, 21))
            assert len(await client.conversations.window(made.instance_id, max_messages=5)) == 5
            assert len(await client.conversations.search("word")) == 20
            with pytest.raises(pylayer.NotFound):
                await client.conversations.get_by_id("x")

    asyncio.run(main())
