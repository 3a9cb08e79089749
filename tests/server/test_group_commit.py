"""Single events that wait together are stored by one call of their key, and none pays for another."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import psycopg
import pytest

import pylayer
from pylayer import errors
from pylayer.config import Settings
from pylayer.server import group
from pylayer.server.group import Group
from pylayer.server.store import MAX_JOINED, Outcome, Row
from tests.events.samples import step
from tests.server.locks import nobody_inserts, waiting
from tests.server.serving import served
from tests.waiting import wait_until


class Store:
    """Stands for the database: answers once `opened`, and notes what each call brought."""

    def __init__(self) -> None:
        self.calls: list[list[bytes]] = []
        self.opened = asyncio.Event()
        self.fails: dict[bytes, Exception] = {}

    async def one(self, _key_hash: str | None, event: bytes) -> Outcome:
        await self._called([event])
        return event.decode(), "created"

    async def joined(self, _key_hash: str | None, events: Sequence[bytes]) -> list[Row]:
        await self._called(list(events))
        return [(n, event.decode(), "created", None, None, None) for n, event in enumerate(events, 1)]

    async def _called(self, events: list[bytes]) -> None:
        self.calls.append(events)
        await self.opened.wait()
        for event in events:
            if error := self.fails.get(event):
                raise error


def names(count: int, start: int = 0) -> list[bytes]:
    return [f"event-{n}".encode() for n in range(start, start + count)]


def in_loop(test: Callable[[Store, Group], Awaitable[None]]) -> None:
    async def main() -> None:
        store = Store()
        await asyncio.wait_for(test(store, Group(store, "hash")), 20)  # type: ignore[arg-type]

    asyncio.run(main())


async def calls_of(store: Store, count: int) -> None:
    while len(store.calls) < count:
        await asyncio.sleep(0)


def test_those_that_wait_go_together() -> None:
    async def test(store: Store, group: Group) -> None:
        first = group.add(b"first")
        await calls_of(store, 1)
        rest = [group.add(name) for name in names(5)]
        await asyncio.sleep(0.05)
        assert not any(outcome.done() for outcome in (first, *rest))
        store.opened.set()
        assert await first == ("first", "created")
        assert await asyncio.gather(*rest) == [(name.decode(), "created") for name in names(5)]
        assert store.calls == [[b"first"], names(5)]

    in_loop(test)


def test_a_call_waits_for_those_that_came_with_the_last_one(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(store: Store, group: Group) -> None:
        store.opened.set()
        await asyncio.gather(*[group.add(name) for name in names(3)])
        outcomes: list[asyncio.Future[Outcome]] = []
        for name in names(3):
            outcomes.append(group.add(name))
            await asyncio.sleep(0.01)
        await asyncio.gather(*outcomes)
        assert store.calls == [names(3), names(3)]

    monkeypatch.setattr(group, "_GATHER_SECONDS", 60)
    in_loop(test)


def test_it_does_not_wait_for_long() -> None:
    async def test(store: Store, group: Group) -> None:
        store.opened.set()
        await asyncio.gather(*[group.add(name) for name in names(50)])
        assert await group.add(b"alone") == ("alone", "created")
        assert [len(call) for call in store.calls] == [50, 1]

    in_loop(test)


def test_a_call_has_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(store: Store, group: Group) -> None:
        store.opened.set()
        await asyncio.gather(*[group.add(name) for name in names(MAX_JOINED + 1)])
        assert [len(call) for call in store.calls] == [MAX_JOINED, 1]
        store.calls.clear()
        await asyncio.gather(*[group.add(bytes(size)) for size in (600, 400, 2000, 1)])
        assert [[len(event) for event in call] for call in store.calls] == [[600, 400], [2000], [1]]

    monkeypatch.setattr(group, "_MAX_JOINED_BYTES", 1000)
    in_loop(test)


def test_too_much_that_waits_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(store: Store, group: Group) -> None:
        outcomes = [group.add(bytes(60))]
        with pytest.raises(errors.Unavailable) as caught:
            group.add(bytes(60))
        assert caught.value.reason == "overloaded"
        await calls_of(store, 1)  # what was taken waits no longer
        outcomes.append(group.add(bytes(60)))
        store.opened.set()
        await asyncio.gather(*outcomes)

    monkeypatch.setattr(group, "_MAX_WAITING_BYTES", 100)
    in_loop(test)


def test_one_that_fails_fails_alone() -> None:
    async def test(store: Store, group: Group) -> None:
        store.fails[b"event-1"] = errors.InvalidInput("malformed", code="22P02")
        store.opened.set()
        outcomes = [group.add(name) for name in names(3)]
        found = await asyncio.gather(*outcomes, return_exceptions=True)
        assert found[0] == ("event-0", "created")
        assert isinstance(found[1], errors.InvalidInput)
        assert found[2] == ("event-2", "created")
        assert store.calls == [names(3), [b"event-0"], [b"event-1"], [b"event-2"]]

    in_loop(test)


def test_a_refused_one_is_told_why() -> None:
    async def test(store: Store, group: Group) -> None:
        async def joined(_key_hash: str | None, events: Sequence[bytes]) -> list[Row]:
            return [
                (1, None, "refused", "PT422", "contract", ""),
                (2, "event-1", "duplicate", None, None, None),
            ]

        store.joined = joined  # type: ignore[method-assign]
        store.opened.set()
        store.fails[b"event-0"] = errors.ValidationFailed("its message", reason="contract")
        refused, good = group.add(b"event-0"), group.add(b"event-1")
        assert await good == ("event-1", "duplicate")
        with pytest.raises(errors.ValidationFailed, match="its message"):
            await refused

    in_loop(test)


@pytest.mark.parametrize("error", [errors.Unavailable("away"), errors.Unauthenticated("revoked")])
def test_what_hits_all_is_not_tried_for_each(error: Exception) -> None:
    async def test(store: Store, group: Group) -> None:
        store.fails |= dict.fromkeys(names(3), error)
        outcomes = [group.add(name) for name in names(3)]
        await calls_of(store, 1)
        outcomes += [group.add(name) for name in names(2, 3)]
        store.opened.set()
        found = await asyncio.gather(*outcomes, return_exceptions=True)
        assert found == [error] * 5
        assert store.calls == [names(3)]
        assert await group.add(b"later") == ("later", "created")

    in_loop(test)


def test_a_sender_that_goes_away_harms_no_other() -> None:
    async def test(store: Store, group: Group) -> None:
        outcomes = [group.add(name) for name in names(3)]
        await calls_of(store, 1)
        outcomes[1].cancel()
        store.opened.set()
        assert await outcomes[0] == ("event-0", "created")
        assert await outcomes[2] == ("event-2", "created")

    in_loop(test)


@pytest.fixture
def added(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The events that groups were given so far."""
    events: list[bytes] = []
    add = Group.add

    def noting(self: Group, event: bytes) -> asyncio.Future[Outcome]:
        events.append(event)
        return add(self, event)

    monkeypatch.setattr(Group, "add", noting)
    return events


def test_keys_do_not_share_a_transaction(
    settings: Settings,
    client: pylayer.Client,
    dsn: str,
    conn: psycopg.Connection[dict[str, Any]],
    added: list[bytes],
) -> None:
    secrets = [client.keys.create(name).secret for name in ("a", "b")]
    batches = [[step(run_id=f"{key}-{n}") for n in range(9)] for key in range(2)]
    with served(settings) as url, httpx.Client(base_url=url) as http, ThreadPoolExecutor(18) as pool:

        def send(key: int, event: dict[str, Any]) -> int:
            headers = {"Authorization": f"Bearer {secrets[key]}"}
            return http.post("/telemetry/events", json=event, headers=headers, timeout=60).status_code

        with nobody_inserts(dsn):
            sent = [pool.submit(send, key, batches[key][0]) for key in range(2)]
            wait_until(lambda: waiting(conn) == 2)
            sent += [pool.submit(send, key, event) for key in range(2) for event in batches[key][1:]]
            wait_until(lambda: len(added) == 18)
        assert [future.result(60) for future in sent] == [201] * 18
    transactions = [
        {
            row["recorded_xid"]
            for row in conn.execute(
                "select recorded_xid from telemetry.workflow_events where run_id like %s", (f"{key}-%",)
            )
        }
        for key in range(2)
    ]
    assert [len(found) for found in transactions] == [2, 2]
    assert not transactions[0] & transactions[1]


def test_a_bad_one_among_many(
    settings: Settings,
    client: pylayer.Client,
    dsn: str,
    conn: psycopg.Connection[dict[str, Any]],
    added: list[bytes],
) -> None:
    """Bodies that are no event, or more than one, fail alone; what they stand beside is stored."""
    headers = {"Authorization": f"Bearer {client.keys.create('a').secret}"}
    good = [json.dumps(step()) for _ in range(6)]
    smuggled = step(), step()
    bad = {
        json.dumps(smuggled[0]) + "," + json.dumps(smuggled[1]): 400,
        "{}": 400,
        "17": 400,
        '{"event_id": "': 400,
        json.dumps(step(payload={"step_name": "\0"})): 400,
        json.dumps(step(payload={"step_name": 3})): 422,
    }
    with served(settings) as url, httpx.Client(base_url=url) as http, ThreadPoolExecutor(16) as pool:

        def send(body: str) -> int:
            return http.post("/telemetry/events", content=body, headers=headers, timeout=60).status_code

        with nobody_inserts(dsn):
            first = pool.submit(send, json.dumps(step()))
            wait_until(lambda: waiting(conn) == 1)
            futures = {body: pool.submit(send, body) for body in (*good, *bad)}
            wait_until(lambda: len(added) == 1 + len(futures))
        assert first.result(60) == 201
        assert {body: future.result(60) for body, future in futures.items()} == dict.fromkeys(good, 201) | bad
    assert conn.execute("select count(*) as n from telemetry.workflow_events").fetchone() == {"n": 7}
