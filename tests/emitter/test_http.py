"""Delivery over HTTP, to a server that answers well, badly, late or not at all."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

import pylayer
from pylayer.config import Settings
from pylayer.emitter import EmitterStats, HttpTransport
from pylayer.emitter.transport import retry_after
from pylayer.errors import (
    Forbidden,
    InvalidInput,
    NotFound,
    PylayerError,
    RateLimited,
    TooLarge,
    Unauthenticated,
    Unavailable,
    ValidationFailed,
)
from tests.emitter.conftest import MakeEmitter, leave
from tests.emitter.doubles import FakeServer, Store, event, fake_server, problem
from tests.emitter.test_retries import letters
from tests.server.serving import served
from tests.waiting import wait_until

LINES = [event().model_dump_json().encode() for _ in range(3)]


def test_a_batch_is_one_request(server: FakeServer, store: Store) -> None:
    transport = HttpTransport(server.url + "/", "pyl_secret")
    for _ in range(3):
        results = transport.send(LINES)
    assert [result.status for result in results] == ["duplicate"] * 3
    assert store.batches == [3, 3, 3]
    assert {(sent["path"], sent["authorization"]) for sent in server.requests} == {
        ("/telemetry/events", "Bearer pyl_secret")
    }
    assert len(server.connections) == 1
    transport.close()


def test_without_a_key_none_is_sent(server: FakeServer) -> None:
    transport = HttpTransport(server.url)
    transport.send(LINES)
    assert "authorization" not in server.requests[0]
    transport.close()


@pytest.mark.parametrize("endpoint", ["", "localhost:8000", "ftp://host", "http://", "postgresql://host/db"])
def test_an_endpoint_that_is_none(endpoint: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        HttpTransport(endpoint)
    assert caught.value.reason == "bad_endpoint"


@pytest.mark.parametrize(
    ("answer", "kind", "reason"),
    [
        (problem(400, "22P02"), InvalidInput, "http_400"),
        (problem(422, "PT422", "contract"), ValidationFailed, "contract"),
        (problem(413, "PT413", "too_many_events"), TooLarge, "too_many_events"),
        ((413, {}, b"<html>too large</html>"), TooLarge, "http_413"),
        (problem(401, "PT401", "invalid_key"), Unauthenticated, "invalid_key"),
        (problem(403, "42501"), Forbidden, "http_403"),
        ((403, {}, b""), Forbidden, "http_403"),
        ((404, {}, b"<html>"), NotFound, "http_404"),
        ((429, {}, b""), RateLimited, "http_429"),
        (problem(503, "08006", "no_connection"), Unavailable, "no_connection"),
        (problem(503, "08006", "no_connection", retry_after="3"), Unavailable, "retry_after"),
        ((500, {}, b"<html>"), Unavailable, "http_500"),
        ((302, {"location": "http://127.0.0.1:1/"}, b""), Unavailable, "http_302"),
        # A proxy's word on a request says nothing about the events in it.
        ((400, {}, b"<html>"), Unavailable, "http_400"),
        ((422, {}, b'{"detail": []}'), Unavailable, "http_422"),
        ((200, {}, b"<html>welcome</html>"), Unavailable, "unexpected_answer"),
        ((200, {}, b""), Unavailable, "unexpected_answer"),
        ((200, {}, b'{"results": []}'), Unavailable, "unexpected_answer"),
        ((200, {}, b'{"results": [{"status": "well"}]}'), Unavailable, "unexpected_answer"),
        ((200, {}, b"[1]"), Unavailable, "unexpected_answer"),
        ((204, {}, b""), Unavailable, "http_204"),
    ],
)
def test_answers(server: FakeServer, answer: Any, kind: type[PylayerError], reason: str) -> None:
    server.faults.append(answer)
    transport = HttpTransport(server.url)
    with pytest.raises(PylayerError) as caught:
        transport.send(LINES)
    assert (type(caught.value), caught.value.reason) == (kind, reason)
    assert len(transport.send(LINES)) == 3
    transport.close()


def test_retry_after(server: FakeServer) -> None:
    transport = HttpTransport(server.url)
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=200), usegmt=True)
    for status, value in ((429, "7"), (503, "7"), (503, soon), (429, "soon"), (503, "-5")):
        server.faults.append((status, {"retry-after": value}, b""))
    asked: list[float | None] = []
    for _ in range(5):
        with pytest.raises(PylayerError) as caught:
            transport.send(LINES)
        asked.append(retry_after(caught.value))
    assert asked[:2] == [7, 7]
    assert 100 < (asked[2] or 0) <= 200
    assert asked[3:] == [None, 0]
    transport.close()


def test_a_server_that_hangs(server: FakeServer, store: Store) -> None:
    server.faults.append(lambda _: time.sleep(0.5))
    impatient, transport = HttpTransport(server.url, timeout=0.1), HttpTransport(server.url)
    with pytest.raises(Unavailable) as caught:
        impatient.send(LINES)
    assert caught.value.reason == "no_connection"
    wait_until(lambda: store.batches)
    assert {result.status for result in transport.send(LINES)} == {"duplicate"}
    impatient.close()
    transport.close()


def test_a_server_that_is_away() -> None:
    with fake_server(Store()) as server:
        transport = HttpTransport(server.url, "pyl_secret")
    with pytest.raises(Unavailable) as caught:
        transport.send(LINES)
    assert "pyl_secret" not in str(caught.value)
    with pytest.raises(Unavailable):
        transport.prices()
    transport.close()


def test_every_event_once_through_all_faults(make: MakeEmitter, server: FakeServer, store: Store) -> None:
    """Errors, refusals, garbage, late and lost answers in turn; the table has each event once."""

    def stored_but_lost(batch: list[dict[str, Any]]) -> Any:
        store.ingest(batch)
        return 500, {}, b""

    def stored_but_late(batch: list[dict[str, Any]]) -> None:
        store.ingest(batch)
        time.sleep(0.3)

    faults = [
        problem(503, "08006"),
        (500, {}, b""),
        stored_but_lost,
        (200, {}, b"<html>"),
        problem(429, "PT429", retry_after="0"),
        stored_but_late,
        problem(401, "PT401", "invalid_key"),
        (413, {}, b""),
        None,
    ]
    server.faults.extend(faults * 3)
    emitter = make(HttpTransport(server.url, timeout=0.2), max_batch_events=20)
    ids = [emitter.emit(event()) for _ in range(500)]
    assert emitter.flush(60)
    assert store.events.keys() == set(ids)
    stats = emitter.stats
    assert stats == EmitterStats(
        emitted=500, delivered=500, duplicates=stats.duplicates, retries=stats.retries
    )
    assert stats.duplicates >= 20
    assert stats.retries >= 10
    assert len(server.connections) < 20


def test_down_then_up(make: MakeEmitter, store: Store) -> None:
    with fake_server(store) as server:
        emitter = make(HttpTransport(server.url))
        port = server.server_port
        first = emitter.emit(event())
        assert emitter.flush(60)
    ids = [emitter.emit(event()) for _ in range(50)]
    assert not emitter.flush(0.3)
    with fake_server(store, port):
        assert emitter.flush(60)
    assert list(store.events) == [first, *ids]


def test_a_bad_event_goes_aside_and_no_other(
    make: MakeEmitter, server: FakeServer, store: Store, spool: Path
) -> None:
    """The whole request is refused, as by a document that jsonb can't hold."""

    def refuse(batch: list[dict[str, Any]]) -> Any:
        poisoned = any("poison" in one["payload"] for one in batch)
        return problem(400, "22P05", "unsupported") if poisoned else None

    server.always = refuse
    emitter = make(HttpTransport(server.url), max_delay=1)
    ids = [emitter.emit(event(payload={"poison": 1} if n == 17 else {})) for n in range(50)]
    assert emitter.flush(60)
    assert list(store.events) == ids[:17] + ids[18:]
    assert [letter["event_id"] for letter in letters(spool)] == [ids[17]]
    assert letters(spool)[0]["code"] == "22P05"


def test_the_real_server(make: MakeEmitter, settings: Settings, client: pylayer.Client, spool: Path) -> None:
    """A key that is not valid loses nothing; with the right one all is delivered, the bad event set aside."""
    key = client.keys.create("agent", scopes=["events:write", "models:read"]).secret
    with served(settings) as url:
        wrong = make(HttpTransport(url, "pyl_" + "x" * 43))
        ids = [wrong.emit(event()) for _ in range(20)]
        bad = wrong.emit(event(payload={"issue_type": 1}))
        nul = wrong.emit(event(payload={"issue_type": "a\0b", "impact": "low"}))
        assert not wrong.flush(0.5)
        leave(wrong)
        emitter = make(HttpTransport(url, key))
        ids.append(emitter.emit(event(metadata={"é": [1]})))
        assert emitter.flush(60)
        assert [price.model for price in HttpTransport(url, key).prices()] == []
        assert emitter.close()
    assert sorted(stored.event_id for stored in client.events.query()) == sorted(ids)
    assert emitter.stats == EmitterStats(emitted=1, adopted=22, delivered=21, refused=2)
    assert {letter["event_id"]: letter["code"] for letter in letters(spool)} == {bad: "PT422", nul: "22P05"}
