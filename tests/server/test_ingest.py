"""`POST /telemetry/events`: what is stored, and what is answered."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import psycopg
import pytest
from pydantic import SecretStr
from ulid import ULID

import pylayer
from pylayer.config import Settings
from pylayer.events.encoding import MAX_BATCH_BYTES, MAX_BATCH_EVENTS, MAX_EVENT_BYTES
from pylayer.server.problems import MEDIA_TYPE
from tests.events.samples import step, ulid_at
from tests.server.locks import nobody_inserts, waiting
from tests.server.serving import served
from tests.services import pgbouncer
from tests.waiting import wait_until

PATH = "/telemetry/events"
OTHER = {"step_name": "build", "status": "failed", "duration_ms": 13}


@pytest.fixture
def http(settings: Settings, client: pylayer.Client) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {client.keys.create('writer', scopes=['events:write']).secret}"}
    with served(settings) as url, httpx.Client(base_url=url, headers=headers, timeout=60) as connected:
        yield connected


def stored(conn: psycopg.Connection[Any]) -> set[str]:
    return {row["event_id"] for row in conn.execute("select event_id from telemetry.workflow_events")}


def problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, MEDIA_TYPE), answer.text
    document = answer.json()
    assert document["status"] == status
    assert document.keys() == {"type", "title", "status", "code", "reason", "detail", "hint"}
    return document


def test_a_single_event(http: httpx.Client, conn: psycopg.Connection[Any]) -> None:
    event = step()
    for expected in ((201, {"created": True}), (200, {"created": False})):
        answer = http.post(PATH, json=event)
        assert (answer.status_code, answer.json()) == (
            expected[0],
            {"event_id": event["event_id"], **expected[1]},
        )
        assert answer.headers["Content-Type"] == "application/json"
    answer = http.post(PATH, json={**event, "payload": OTHER})
    assert answer.status_code == 200
    assert answer.json() == {"event_id": event["event_id"], "created": False, "conflict": True}
    assert stored(conn) == {event["event_id"]}


def test_an_array(http: httpx.Client, conn: psycopg.Connection[Any]) -> None:
    events = [step(), step()]
    ids = [event["event_id"] for event in events]
    answer = http.post(PATH, json=events)
    assert answer.status_code == 201
    assert answer.json() == {
        "results": [{"position": n, "event_id": ids[n - 1], "status": "created"} for n in (1, 2)],
        "created": 2,
        "duplicates": 0,
        "conflicts": 0,
        "refused": 0,
    }
    assert http.post(PATH, json=[*events, step()]).status_code == 201
    answer = http.post(PATH, content=b" \n\t" + json.dumps(events).encode())
    assert (answer.status_code, answer.json()["duplicates"]) == (200, 2)
    answer = http.post(PATH, json=[])
    assert (answer.status_code, answer.json()["results"]) == (200, [])


def test_an_array_keeps_the_good_ones(http: httpx.Client, conn: psycopg.Connection[Any]) -> None:
    known, good = step(), step()
    http.post(PATH, json=known)
    answer = http.post(PATH, json=[17, {**known, "payload": OTHER}, good, step(payload={"step_name": 3})])
    assert answer.status_code == 207
    results = answer.json()["results"]
    assert [result["status"] for result in results] == ["refused", "conflict", "created", "refused"]
    assert [result.get("reason") for result in results] == ["not_an_object", None, None, "contract"]
    assert [result.get("code") for result in results] == ["PT400", None, None, "PT422"]
    assert (results[0]["event_id"], results[0]["position"]) == (None, 1)
    counts = ("created", "duplicates", "conflicts", "refused")
    assert [answer.json()[name] for name in counts] == [1, 0, 1, 2]
    assert stored(conn) == {known["event_id"], good["event_id"]}
    assert http.post(PATH, json=[{**known, "payload": OTHER}]).status_code == 207


REFUSED = [
    (step(payload={"step_name": 3}), 422, "PT422", "contract"),
    (step(event_name="no.such"), 422, "PT422", "unknown_event_type"),
    (step(ulid_at(datetime.now(UTC) + timedelta(days=2))), 422, "PT422", "in_the_future"),
    (step(ulid_at(datetime(2001, 1, 1, tzinfo=UTC))), 410, "PT410", "below_retention_floor"),
    (step(event_id="x"), 400, "PT400", "invalid_event_id"),
    (step(surplus=1), 400, "PT400", "unknown_key"),
    ({}, 400, "PT400", "missing_event_id"),
    ("text", 400, "PT400", "not_an_object"),
    (None, 400, "PT400", "not_an_object"),
]


@pytest.mark.parametrize(("event", "status", "code", "reason"), REFUSED)
def test_a_refused_event(http: httpx.Client, event: Any, status: int, code: str, reason: str) -> None:
    found = problem(http.post(PATH, content=json.dumps(event)), status)
    assert (found["code"], found["reason"]) == (code, reason)
    assert found["hint"]


MALFORMED = [
    b"",
    b"{",
    b"[",
    b"{},{}",
    b"[]]",
    b"\xff",
    b'{"event_id": "\xff"}',
    b"{}\0",
    b"[]\0",
    b'\xef\xbb\xbf{"a": 1}',
    b'{"a": 1e400000}',
    b'{"a": NaN}',
    b"{'a': 1}",
    json.dumps(step(payload={"step_name": "\0"})).encode(),
    json.dumps([step(payload={"step_name": "\0"})]).encode(),
    b'{"event_id": "\\ud800"}',
]


@pytest.mark.parametrize("body", MALFORMED)
def test_a_malformed_body(http: httpx.Client, conn: psycopg.Connection[Any], body: bytes) -> None:
    found = problem(http.post(PATH, content=body), 400)
    assert found["code"].startswith("22"), found
    assert "jsonb" not in found["title"]
    assert stored(conn) == set()


def test_too_deep(http: httpx.Client) -> None:
    assert problem(http.post(PATH, content=b'{"a":' * 100_000), 413)["code"] == "54001"
    assert problem(http.post(PATH, content=b"[" * 500_000), 413)["code"] == "54001"


def too_large(size: int, start: bytes = b"") -> Iterator[bytes]:
    yield start
    for _ in range(size // 2**16 + 1):
        yield b" " * 2**16


def test_too_large(http: httpx.Client, conn: psycopg.Connection[Any]) -> None:
    event = step(payload={**OTHER, "error": "x" * MAX_EVENT_BYTES})
    assert problem(http.post(PATH, json=event), 413)["reason"] == "event_too_large"
    found = http.post(PATH, json=[step(), event])
    assert (found.status_code, found.json()["results"][1]["reason"]) == (207, "event_too_large")
    assert problem(http.post(PATH, json=[{}] * (MAX_BATCH_EVENTS + 1)), 413)["reason"] == "too_many_events"
    assert (
        problem(http.post(PATH, content=too_large(MAX_EVENT_BYTES, b"{")), 413)["reason"] == "event_too_large"
    )
    for start in (b"[", b""):
        body = too_large(MAX_BATCH_BYTES, start)
        assert problem(http.post(PATH, content=body), 413)["reason"] == "too_many_bytes"
    assert len(stored(conn)) == 1


def request_head(http: httpx.Client, *headers: str) -> bytes:
    lines = [f"POST {PATH} HTTP/1.1", "Host: localhost", f"Authorization: {http.headers['Authorization']}"]
    return "\r\n".join([*lines, *headers, "", ""]).encode()


def connected(http: httpx.Client) -> socket.socket:
    url = urlsplit(str(http.base_url))
    return socket.create_connection((url.hostname, url.port or 0), timeout=60)


def test_a_length_over_the_limit_is_refused_unread(http: httpx.Client) -> None:
    with connected(http) as sender:
        sender.sendall(request_head(http, f"Content-Length: {MAX_BATCH_BYTES + 1}"))
        assert sender.recv(4096).startswith(b"HTTP/1.1 413 ")


def test_senders_that_go_away_harm_no_other(
    http: httpx.Client, conn: psycopg.Connection[Any], dsn: str, caplog: pytest.LogCaptureFixture
) -> None:
    gone, stays = step(), step()
    body = json.dumps(gone).encode()
    with connected(http) as sender:
        sender.sendall(request_head(http, "Content-Length: 1000") + b'{"event_id": ')
    with ThreadPoolExecutor(1) as pool:
        with nobody_inserts(dsn):
            with connected(http) as sender:
                sender.sendall(request_head(http, f"Content-Length: {len(body)}") + body)
                wait_until(lambda: waiting(conn) == 1)
            answer = pool.submit(http.post, PATH, json=[stays])
            wait_until(lambda: waiting(conn) == 2)
        assert answer.result(60).status_code == 201
    wait_until(lambda: stored(conn) == {gone["event_id"], stays["event_id"]})
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


def cloudevent(**changes: Any) -> dict[str, Any]:
    event = {
        "specversion": "1.0",
        "id": str(ULID()),
        "source": "/ci",
        "type": "workflow.step_completed",
        "runid": "run-1",
        "data": step()["payload"],
    }
    return {key: value for key, value in {**event, **changes}.items() if value is not None}


def test_cloudevents(http: httpx.Client, client: pylayer.Client) -> None:
    structured, binary, foreign = cloudevent(), cloudevent(), cloudevent(id="17")
    media = {"Content-Type": "application/cloudevents+json; charset=utf-8"}
    for expected in ((201, True), (200, False)):
        answer = http.post(PATH, json=structured, headers=media)
        assert (answer.status_code, answer.json()["created"]) == expected
    headers = {f"ce-{key}": value for key, value in binary.items() if key != "data"}
    assert http.post(PATH, json=binary["data"], headers=headers).status_code == 201
    assert problem(http.post(PATH, json=foreign, headers=media), 422)["reason"] == "missing_time"
    assert problem(http.post(PATH, content=b"{", headers=media), 400)["reason"] == "invalid_json"
    assert {event.run_id for event in client.events.query()} == {"run-1"}

    time = datetime.now(UTC).isoformat()
    batch = [17, cloudevent(id="18", time=time), structured, cloudevent(type="no.such")]
    media = {"Content-Type": "application/cloudevents-batch+json"}
    answer = http.post(PATH, json=batch, headers=media)
    assert answer.status_code == 207
    results = answer.json()["results"]
    assert [result["position"] for result in results] == [1, 2, 3, 4]
    assert [result["status"] for result in results] == ["refused", "created", "duplicate", "refused"]
    assert http.post(PATH, json=batch[1:3], headers=media).status_code == 200
    assert len(client.events.query()) == 3


def test_through_pgbouncer(
    settings: Settings, client: pylayer.Client, dsn: str, conn: psycopg.Connection[Any], tmp_path: Path
) -> None:
    """In transaction mode: no prepared statement, no role that stays behind."""
    headers = {"Authorization": f"Bearer {client.keys.create('a').secret}"}
    events = [step() for _ in range(40)]
    with pgbouncer(tmp_path / "pgbouncer", dsn) as through:
        pooled = settings.model_copy(update={"database_url": SecretStr(through)})
        with served(pooled) as url, httpx.Client(base_url=url, headers=headers, timeout=60) as http:
            for event in events:
                assert http.post(PATH, json=event).status_code == 201
                assert http.post(PATH, json=[event, 17]).status_code == 207
                assert http.post(PATH, content=b"{").status_code == 400
            assert http.get("/ai/models").status_code == 200
        with psycopg.connect(through, prepare_threshold=None) as session:
            assert session.execute("select current_user::text").fetchone() == ("postgres",)
    assert stored(conn) == {event["event_id"] for event in events}
