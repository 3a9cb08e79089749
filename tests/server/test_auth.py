"""API keys: who is refused, how, and which role the rest run under."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import psycopg
import pytest

import pylayer
from pylayer import errors
from pylayer.config import Settings
from pylayer.keys import key_hash
from pylayer.server import problems
from pylayer.server.round_trip import Statement, round_trip
from pylayer.server.store import EventStore
from tests.events.samples import step
from tests.iam.expiry import expire
from tests.server.serving import served

ROUTES = [
    ("POST", "/telemetry/events"),
    ("GET", "/telemetry/events"),
    ("GET", "/ai/models"),
    ("GET", "/artifacts"),
]


@pytest.fixture
def http(settings: Settings) -> Iterator[httpx.Client]:
    with served(settings) as url, httpx.Client(base_url=url, timeout=60) as connected:
        yield connected


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


def test_every_bad_key_gets_the_same_answer(
    http: httpx.Client, client: pylayer.Client, conn: psycopg.Connection[Any]
) -> None:
    good = client.keys.create("good").secret
    revoked = client.keys.create("revoked")
    client.keys.revoke(revoked.key_id)
    expired = client.keys.create("expired", expires_at=datetime.now(UTC) + timedelta(hours=1))
    expire(conn, "expired")
    bad: list[dict[str, Any]] = [
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer"},
        {"Authorization": f"Basic {good}"},
        {"Authorization": good},
        bearer(good[:-1]),
        bearer(good + "x"),
        bearer(good.swapcase()),
        {"Authorization": "Bearer pyl_ä".encode()},
        bearer(key_hash(good)),
        bearer(revoked.secret),
        bearer(expired.secret),
    ]
    answers = {
        (answer.status_code, answer.headers["WWW-Authenticate"], answer.headers["Content-Type"], answer.text)
        for method, path in ROUTES
        for headers in bad
        for answer in [http.request(method, path, headers=headers, json=step() if method == "POST" else None)]
    }
    assert [answer[:3] for answer in answers] == [(401, "Bearer", problems.MEDIA_TYPE)]
    twice = [("Authorization", f"Bearer {good}")] * 2
    assert http.post("/telemetry/events", headers=twice, json=step()).status_code == 401
    assert http.post("/telemetry/events", headers=bearer(good), json=step()).status_code == 201
    assert conn.execute("select count(*) as n from telemetry.workflow_events").fetchone() == {"n": 1}


def test_a_key_is_refused_as_soon_as_it_is_revoked(http: httpx.Client, client: pylayer.Client) -> None:
    key = client.keys.create("short-lived")
    for body in (step(), [step()]):
        assert http.post("/telemetry/events", headers=bearer(key.secret), json=body).status_code == 201
    client.keys.revoke(key.key_id)
    for body in (step(), [step()], step()):
        answer = http.post("/telemetry/events", headers=bearer(key.secret), json=body)
        assert (answer.status_code, answer.json()["reason"]) == (401, "invalid_key")
    assert len(client.events.query()) == 2


def test_a_key_expires_while_it_is_known(
    http: httpx.Client, client: pylayer.Client, conn: psycopg.Connection[Any]
) -> None:
    key = client.keys.create("brief", expires_at=datetime.now(UTC) + timedelta(hours=1))
    assert http.post("/telemetry/events", headers=bearer(key.secret), json=step()).status_code == 201
    expire(conn, "brief")
    assert http.post("/telemetry/events", headers=bearer(key.secret), json=step()).status_code == 401


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_a_missing_scope_is_403(http: httpx.Client, client: pylayer.Client, method: str, path: str) -> None:
    key = client.keys.create("nothing", scopes=[])
    answer = http.request(method, path, headers=bearer(key.secret), json=step())
    assert (answer.status_code, answer.json()["reason"]) == (403, "missing_scope")
    assert client.events.query() == []


def test_the_database_decides_what_a_role_may(
    http: httpx.Client, client: pylayer.Client, conn: psycopg.Connection[Any]
) -> None:
    """A scope is not enough where the role has no right, and the answer names no function."""
    secret = client.keys.create("agent").secret
    conn.execute("revoke execute on function telemetry.ingest_event(jsonb) from pylayer_agent")
    answer = http.post("/telemetry/events", headers=bearer(secret), json=step())
    assert (answer.status_code, answer.json()["code"]) == (403, "42501")
    assert "ingest" not in answer.text


def test_a_request_runs_under_the_role_of_its_key(settings: Settings, client: pylayer.Client) -> None:
    analyst = client.keys.create("reader", role="pylayer_analyst").secret

    async def roles() -> list[bytes | None]:
        user = Statement(b"select current_user::text")
        found: list[bytes | None] = []
        async with EventStore(settings.require_database_url(), pool_size=1, timeout=5) as store:
            for key in (key_hash(analyst), None):
                found.append((await store._call(store._singles, key, user)).get_value(0, 0))
            async with store._singles.connection() as connection:
                found.append((await round_trip(connection, user)).get_value(0, 0))
        return found

    assert asyncio.run(roles()) == [b"pylayer_analyst", b"pylayer_agent", b"postgres"]


def test_without_keys_this_machine_is_served(settings: Settings, client: pylayer.Client) -> None:
    with served(settings, require_key=False) as url, httpx.Client(base_url=url, timeout=60) as http:
        assert http.post("/telemetry/events", json=step()).status_code == 201
        assert http.get("/telemetry/events").status_code == 200
        for headers in (bearer("pyl_unknown"), {"Authorization": "Basic x"}):
            assert http.post("/telemetry/events", json=step(), headers=headers).status_code == 401
        for headers in (
            {"Host": "attacker.example"},
            {"Host": "attacker.example:8000"},
            {"Host": "localhost.attacker.example"},
            {"Host": "10.0.0.1"},
            {"Origin": "https://attacker.example"},
            {"Origin": "null"},
        ):
            answer = http.post("/telemetry/events", json=step(), headers=headers)
            assert (answer.status_code, answer.json()["reason"]) == (403, "not_loopback"), headers
        for host in ("localhost", "LOCALHOST:8000", "127.0.0.1:8000", "[::1]:8000", "127.1.2.3"):
            assert http.get("/telemetry/events", headers={"Host": host}).status_code == 200, host
        assert http.get("/healthz", headers={"Origin": "http://localhost:3000"}).status_code == 200
    assert len(client.events.query()) == 1


def test_with_keys_any_host_is_served(http: httpx.Client, client: pylayer.Client) -> None:
    headers = {**bearer(client.keys.create("a").secret), "Host": "pylayer.example"}
    assert http.post("/telemetry/events", json=step(), headers=headers).status_code == 201


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.Forbidden("permission denied for function f", code="42501", hint="secret"), 403),
        (errors.InvalidInput("invalid input syntax", code="22P02", hint="secret"), 400),
        (errors.TooLarge("stack depth limit exceeded", code="54001", hint="secret max_stack_depth"), 413),
        (errors.Unavailable("connection to server at secret failed"), 503),
        (errors.Retryable("deadlock detected", code="40P01", detail="secret Process 7"), 503),
        (errors.Conflict("no schema", code="42883", reason="not_migrated", detail="function secret()"), 503),
    ],
)
def test_words_of_the_server_stay_inside(error: errors.PylayerError, status: int) -> None:
    error.__cause__ = psycopg.OperationalError("secret")
    problem = problems.problem_of(error)
    assert problem.status == status
    assert "secret" not in problem.model_dump_json()
    assert error.message not in problem.model_dump_json()
