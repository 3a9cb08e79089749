"""What the conformance suite does not ask: sharing, removal meanwhile, odd input, pages, both clients."""

from __future__ import annotations

import asyncio
import doctest
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage
from langgraph.checkpoint.serde.encrypted import EncryptedSerializer
from langgraph.graph import START, MessagesState, StateGraph
from psycopg import Connection

import pylayer
from pylayer import Forbidden, InvalidInput, TooLarge
from pylayer.config import Settings
from pylayer.langgraph import PylayerSaver, cache
from pylayer.langgraph import saver as saver_module
from pylayer.langgraph import values as values_module
from tests.checkpoints.support import config, count, dangling, put, state, values
from tests.faults.test_pgbouncer import pooled  # noqa: F401 - a fixture

LONG = "x" * 1000
ODD: list[Any] = [
    None,
    True,
    0,
    1.5,
    "",
    "a\x00b",
    b"",
    b"\x00\xff" * 500,
    [],
    [[]] * 9,
    list(range(1000)),
    ["a", LONG] * 40,
    {"a": [1, {"b": LONG}], 3: None},
    {1, 2},
    [HumanMessage(LONG, id=str(n)) for n in range(73)],
]


@pytest.mark.parametrize("value", ODD, ids=lambda v: repr(v)[:20])
def test_a_value_comes_back_as_it_was(value: Any, saver: PylayerSaver) -> None:
    put(saver, "1", {"c": value})
    saver.put_writes(config("t", "1"), [("c", value)], "task")
    for reader in (saver, PylayerSaver(saver._client)):
        found = reader.get_tuple(config())
        assert found
        assert found.pending_writes
        for got in (found.checkpoint["channel_values"]["c"], found.pending_writes[0][2]):
            assert got == value
            assert type(got) is type(value)


def test_a_list_that_grows_shares_what_it_had(saver: PylayerSaver, conn: Connection[Any]) -> None:
    messages: list[Any] = []
    for n in range(100):
        messages.append(AIMessage(f"{n} {LONG}", id=str(n)))
        put(saver, f"{n:03}", {"messages": messages}, parent=f"{n - 1:03}" if n else None, version=n + 1)
    for n in (0, 6, 7, 8, 63, 64, 99):
        assert values(saver, checkpoint_id=f"{n:03}")["messages"] == messages[: n + 1]
    (row,) = conn.execute("select sum(length(data)) as n from work.checkpoint_blobs").fetchall()
    whole = len(saver.serde.dumps_typed(messages)[1])
    assert row["n"] < 4 * whole, "once a size of segment, not once a checkpoint"


def test_equal_values_are_stored_once(saver: PylayerSaver, conn: Connection[Any]) -> None:
    for thread in ("t", "u"):
        put(saver, "1", {"a": LONG, "b": LONG}, thread=thread)
        saver.put_writes(config(thread, "1"), [("a", LONG)], "task")
    assert count(conn, "checkpoint_blobs") == 1
    saver.delete_thread("t")
    assert values(saver, "u") == {"a": LONG, "b": LONG}
    saver.delete_thread("u")
    for table in ("checkpoint_blobs", "checkpoint_blob_uses", "checkpoint_writes", "checkpoint_threads"):
        assert count(conn, table) == 0


def test_what_was_removed_meanwhile_is_sent_again(saver: PylayerSaver, conn: Connection[Any]) -> None:
    """The saver knows the blobs, and sends only their hashes: the database says that they are gone."""
    put(saver, "1", {"a": LONG})
    PylayerSaver(saver._client).delete_thread("t")
    assert count(conn, "checkpoint_blobs") == 0
    saver.put_writes(config("t", "1"), [("a", LONG)], "task")
    PylayerSaver(saver._client).delete_thread("t")
    unchanged = state("2", {"a": LONG, "b": 1})
    saver.put(config("t", "1"), unchanged, {}, {"b": 1})  # the parent is gone, too
    assert values(saver) == {"a": LONG, "b": 1}
    assert dangling(conn) == 0


def test_a_copy_of_a_checkpoint_has_its_values_not_its_parents(saver: PylayerSaver) -> None:
    """As `update_state(..., as_node="__copy__")`: the parent's parent, and no new versions."""
    put(saver, "1", {"a": "old", "b": LONG})
    put(saver, "2", {"a": "new", "b": LONG}, parent="1", version=2)
    copied = state("3", {"a": "new", "b": LONG}, version=2)
    saver.put(config("t", "1"), copied, {}, {})
    assert values(saver) == {"a": "new", "b": LONG}


def test_the_same_checkpoint_again_replaces_it(saver: PylayerSaver) -> None:
    put(saver, "1", {"a": LONG})
    put(saver, "1", {"a": LONG + "y"})
    assert values(saver) == {"a": LONG + "y"}
    assert len(list(saver.list(config()))) == 1


def test_pages(saver: PylayerSaver) -> None:
    for n in range(45):
        put(saver, f"{n:02}", {"n": n}, thread=f"t{n % 2}", metadata={"odd": n % 2})
    every = [f"{n:02}" for n in reversed(range(45))]

    def ids(*given: Any, **more: Any) -> list[str]:
        return [found.checkpoint["id"] for found in saver.list(*given, **more)]

    assert ids(None) == every
    assert ids(None, limit=40) == every[:40]
    assert ids(None, limit=41) == every[:41]
    assert ids(None, limit=0) == []
    assert ids(config("t0")) == every[::2]
    assert ids(None, filter={"odd": 1}) == every[1::2]
    assert ids(None, before=config("t0", "30")) == every[15:]


def test_both_clients(saver: PylayerSaver, settings: Settings) -> None:
    async def run() -> Any:
        async with await pylayer.connect_async(settings=settings) as client:
            other = PylayerSaver(client)
            assert (await other.aget_tuple(config())) is None
            with pytest.raises(InvalidInput) as refused:
                other.get_tuple(config())
            assert refused.value.reason == "async_client"
            graph = conversation(other)
            await graph.ainvoke({"messages": [("user", "hi")]}, config())
            return [found.checkpoint["id"] async for found in other.alist(config())]

    ids = asyncio.run(run())
    assert ids == [found.checkpoint["id"] for found in saver.list(config())]
    assert len(values(saver)["messages"]) == 2


def conversation(saver: PylayerSaver) -> Any:
    graph = StateGraph(MessagesState).add_node("n", lambda _: {"messages": [("assistant", "yes")]})
    return graph.add_edge(START, "n").compile(checkpointer=saver)


def test_many_coroutines(settings: Settings) -> None:
    async def run() -> list[Any]:
        async with await pylayer.connect_async(settings=settings) as client:
            graph = conversation(PylayerSaver(client))
            await asyncio.gather(
                *(graph.ainvoke({"messages": [("user", "hi")]}, config(f"t{n}")) for n in range(20))
            )
            return [await graph.aget_state(config(f"t{n}")) for n in range(20)]

    assert {len(found.values["messages"]) for found in asyncio.run(run())} == {2}


def test_behind_pgbouncer(pooled: Settings) -> None:  # noqa: F811
    url = pooled.require_database_url()
    with PylayerSaver.from_conn_string(url, role="pylayer_agent") as saver:
        graph = conversation(saver)
        for _ in range(5):
            graph.invoke({"messages": [("user", "hi")]}, config())
        assert len(graph.get_state(config()).values["messages"]) == 10
        saver.prune(["t"])
        assert len(graph.get_state(config()).values["messages"]) == 10


def test_versions_grow_and_keep_their_kind(saver: PylayerSaver) -> None:
    assert [saver.get_next_version(version, None) for version in (None, 4)] == [1, 5]
    text = f"{9:032}.{0.9:016}"
    assert text < saver.get_next_version(text, None) < saver.get_next_version(f"{10:032}.0", None)


def test_an_empty_id_or_namespace_is_none(saver: PylayerSaver) -> None:
    put(saver, "1", {"a": 1})
    put(saver, "2", {"a": 2}, parent="1")
    for given in ({"checkpoint_id": ""}, {"checkpoint_id": None}, {"checkpoint_ns": None}):
        found = saver.get_tuple({"configurable": {"thread_id": "t", **given}})
        assert found
        assert found.checkpoint["id"] == "2"


@pytest.mark.parametrize("given", ["postgresql://u@h/db", None])
def test_what_is_no_client(given: Any) -> None:
    for kind in (PylayerSaver, cache.PylayerCache):
        with pytest.raises(InvalidInput) as refused:
            kind(given)
        assert refused.value.reason == "invalid_client"


class Colons:
    """A serializer whose types have colons."""

    def dumps_typed(self, obj: Any) -> tuple[str, bytes]:
        return "my:own:kind", repr(obj).encode()

    def loads_typed(self, data: tuple[str, bytes]) -> Any:
        assert data[0] == "my:own:kind"
        return eval(data[1])


def test_a_serializer_of_ones_own(saver: PylayerSaver) -> None:
    own = PylayerSaver(saver._client, serde=Colons())
    put(own, "1", {"small": "a:b", "large": [LONG] * 9})
    assert values(own) == {"small": "a:b", "large": [LONG] * 9}


def test_one_statement_a_call(client: pylayer.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[str] = []
    call = pylayer.Client._call_once

    def counted(self: Any, step: Any) -> Any:
        called.append(step.sql.split("(")[0].split(".")[-1])
        return call(self, step)

    monkeypatch.setattr(pylayer.Client, "_call_once", counted)
    saver = PylayerSaver(client)
    put(saver, "1", {"a": [LONG] * 20, "b": LONG})
    put(saver, "2", {"a": [LONG] * 21, "b": LONG}, parent="1")
    saver.put_writes(config("t", "2"), [("a", LONG), ("b", 1)], "task")
    assert values(saver)
    assert len(list(saver.list(config()))) == 2
    assert called == ["put_checkpoint"] * 2 + ["put_checkpoint_writes"] + ["list_checkpoints"] * 2


def test_a_short_list_shares_its_elements(saver: PylayerSaver, conn: Connection[Any]) -> None:
    said = [HumanMessage(LONG, id=str(n)) for n in range(7)]
    for n, message in enumerate(said):
        put(saver, f"{n}", {"messages": said[: n + 1]}, version=n)
        saver.put_writes(config("t", f"{n}"), [("messages", [message])], "task")
    assert count(conn, "checkpoint_blobs") == 7
    assert values(saver) == {"messages": said}


def test_encrypted(settings: Settings, conn: Connection[Any]) -> None:
    pytest.importorskip("Crypto")
    with pylayer.connect(settings=settings) as client:
        saver = PylayerSaver(client, serde=EncryptedSerializer.from_pycryptodome_aes(key=b"k" * 32))
        put(saver, "1", {"a": "secret", "b": ["secret" + LONG] * 9})
        assert values(saver) == {"a": "secret", "b": ["secret" + LONG] * 9}
    (row,) = conn.execute(
        "select count(*) as n from work.checkpoint_blobs where position('secret'::bytea in data) > 0"
    ).fetchall()
    assert row["n"] == 0
    assert count(conn, "checkpoint_blobs") == 1, "what is encrypted is not cut"


def test_refusals(saver: PylayerSaver, monkeypatch: pytest.MonkeyPatch) -> None:
    def reason(kind: type[pylayer.PylayerError], run: Any) -> Any:
        with pytest.raises(kind) as refused:
            run()
        return refused.value.reason or refused.value.code

    assert reason(InvalidInput, lambda: put(saver, "1", {}, thread="")) == "invalid_thread_id"
    assert reason(InvalidInput, lambda: put(saver, "1", {}, thread="\x00")) == "22021"
    assert reason(InvalidInput, lambda: put(saver, "1", {}, thread="\ud800")) == "22021"
    assert reason(InvalidInput, lambda: put(saver, "1", {}, metadata={"a": {"b": "\x00"}})) == "22P05"
    assert reason(InvalidInput, lambda: put(saver, "1", {}, metadata={"a": object()})) == "22P02"
    assert reason(InvalidInput, lambda: put(saver, "1", {}, metadata={"a": float("nan")})) == "22P02"
    assert reason(InvalidInput, lambda: saver.prune(["t"], strategy="all")) == "invalid_strategy"
    assert reason(InvalidInput, lambda: saver.prune("t")) == "invalid_ids"
    monkeypatch.setattr(values_module, "MAX_BYTES", 500)
    assert reason(TooLarge, lambda: put(saver, "1", {"a": LONG})) == "checkpoint_too_large"
    assert values(saver) is None


def test_agents_write_no_table_and_others_store_nothing(settings: Settings, conn: Connection[Any]) -> None:
    tables = (
        "checkpoints",
        "checkpoint_blobs",
        "checkpoint_writes",
        "checkpoint_blob_uses",
        "checkpoint_threads",
    )
    conn.execute("set role pylayer_agent")
    for table in (*tables, "graph_cache"):
        for verb in ("select from", "delete from", "truncate"):
            with pytest.raises(Exception, match="permission denied"):
                conn.execute(f"{verb} work.{table}".encode())
    with pylayer.connect(settings=settings, role="pylayer_analyst") as client, pytest.raises(Forbidden):
        put(PylayerSaver(client), "1", {})


def test_setup_where_there_is_nothing_to_make(
    saver: PylayerSaver,
    pooled: Settings,  # noqa: F811
    conn: Connection[Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A pooler gives no session to migrate in, and an agent's login has no right to."""
    with PylayerSaver.from_conn_string(pooled.require_database_url()) as other:
        other.setup()
        conn.execute("drop function work.list_checkpoints cascade")
        with pytest.raises(InvalidInput) as refused:
            other.setup()
        assert refused.value.reason == "pooled_connection"

    def forbidden(_url: str) -> None:
        raise Forbidden("no", reason="missing_right")

    monkeypatch.setattr("pylayer.migrate.migrate", forbidden)
    for setup in (saver.setup, lambda: asyncio.run(saver.asetup())):
        with pytest.raises(Forbidden) as refused_right:
            setup()
        assert refused_right.value.reason == "missing_right"


def test_setup_migrates(saver: PylayerSaver, settings: Settings) -> None:
    saver.setup()
    asyncio.run(saver.asetup())
    with PylayerSaver.from_conn_string(settings.require_database_url()) as other:
        put(other, "1", {"a": 1})
    assert values(saver) == {"a": 1}


@pytest.mark.parametrize("module", [saver_module, cache])
def test_examples(module: Any, client: pylayer.Client) -> None:
    found = {"client": client, "StateGraph": StateGraph, "START": START}
    assert doctest.testmod(module, extraglobs=found).failed == 0
