"""The cache of nodes."""

from __future__ import annotations

import asyncio
from typing import Any, TypedDict

import pytest
from langgraph.graph import START, StateGraph
from langgraph.types import CachePolicy
from psycopg import Connection

import pylayer
from pylayer import InvalidInput
from pylayer.config import Settings
from pylayer.langgraph import PylayerCache
from pylayer.maintenance import maintain
from tests.faults.test_pgbouncer import pooled  # noqa: F401 - a fixture

A, B = (("n", "m"), "a"), (("n",), "b")


def test_what_was_stored_is_there_until_it_expires(client: pylayer.Client, conn: Connection[Any]) -> None:
    cache = PylayerCache(client)
    cache.set({A: ({"x": [1]}, None), B: (b"\x00", 60)})
    assert cache.get([B, A, (("n",), "a")]) == {A: {"x": [1]}, B: b"\x00"}
    conn.execute("update work.graph_cache set expires_at = now() - interval '1 second' where key = 'b'")
    assert cache.get([A, B]) == {A: {"x": [1]}}
    [report] = [report for report in maintain(client) if report.task == "graph cache"]
    assert report.done == {"expired": 1}
    cache.set({A: (2, None)})
    assert cache.get([A]) == {A: 2}
    cache.clear([("n",)])
    assert cache.get([A]) == {A: 2}
    cache.clear([("n", "m")])
    assert cache.get([A]) == {}
    cache.set({A: (1, None), B: (2, None)})
    cache.clear()
    assert cache.get([A, B]) == {}
    assert cache.get([]) == {}


def test_asynchronously(settings: Settings) -> None:
    async def run() -> None:
        async with await pylayer.connect_async(settings=settings, role="pylayer_agent") as client:
            cache = PylayerCache(client)
            await cache.aset({A: (1, None), B: (2, 60)})
            assert await cache.aget([A, B]) == {A: 1, B: 2}
            await cache.aclear([("n",)])
            assert await cache.aget([A, B]) == {A: 1}
            with pytest.raises(InvalidInput) as refused:
                cache.get([A])
            assert refused.value.reason == "async_client"

    asyncio.run(run())
    with pylayer.connect(settings=settings) as client:
        assert asyncio.run(PylayerCache(client).aget([A])) == {A: 1}


def test_behind_pgbouncer(pooled: Settings) -> None:  # noqa: F811
    with pylayer.connect(settings=pooled, role="pylayer_agent") as client:
        PylayerCache(client).set({A: (1, None), B: (2, 60)})

    async def run() -> Any:
        async with await pylayer.connect_async(settings=pooled, role="pylayer_agent") as client:
            cache = PylayerCache(client)
            found = await asyncio.gather(*(cache.aget([A, B]) for _ in range(5)))
            await cache.aclear([A[0]])
            return found, await cache.aget([A, B])

    assert asyncio.run(run()) == ([{A: 1, B: 2}] * 5, {B: 2})


def test_odd_entries(client: pylayer.Client) -> None:
    cache = PylayerCache(client)
    nul, expired, soon = (("n\x00",), "k"), (("n",), "0"), (("n",), "1e-7")
    cache.set({nul: (1, None), expired: (2, 0), soon: (3, 1e-7)})  # type: ignore[dict-item]
    assert cache.get([nul, expired, soon, nul]) == {nul: 1}
    cache.set({})
    cache.clear([])
    assert cache.get([nul]) == {nul: 1}
    for key, ttl in (((("n",), "k\x00"), None), ((("n" * 1001,), "k"), None), (A, float("inf"))):
        with pytest.raises(InvalidInput):
            cache.set({key: (1, ttl)})  # type: ignore[dict-item]


def test_a_node_runs_once(settings: Settings) -> None:
    class State(TypedDict):
        n: int

    ran: list[int] = []

    def slow(state: State) -> State:
        ran.append(state["n"])
        return {"n": state["n"] + 1}

    for _ in range(2):
        with pylayer.connect(settings=settings, role="pylayer_agent") as client:
            graph = StateGraph(State).add_node("slow", slow, cache_policy=CachePolicy(ttl=60))
            compiled = graph.add_edge(START, "slow").compile(cache=PylayerCache(client))
            assert compiled.invoke({"n": 1}) == {"n": 2}
    assert ran == [1]
