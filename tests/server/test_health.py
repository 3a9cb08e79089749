"""Is the process alive, can it do its work, and what does it do while the database is away."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import httpx
import psycopg
import pytest
from pydantic import SecretStr

from pylayer.config import Settings
from pylayer.server import app, probes
from tests.events.samples import step
from tests.server.serving import served


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A check may take long on a busy machine, and then nothing is missing all the same."""
    monkeypatch.setattr(probes, "_TIMEOUT_SECONDS", 60.0)


@pytest.fixture
def nobody() -> Iterator[str]:
    """A database URL that accepts connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"postgresql://postgres@127.0.0.1:{listening.getsockname()[1]}/none"


def missing(http: httpx.Client) -> set[str]:
    answer = http.get("/readyz")
    found = answer.json()
    assert found["ready"] is (not found["missing"])
    assert answer.status_code == (200 if found["ready"] else 503)
    return set(found["missing"])


def test_ready(settings: Settings) -> None:
    with served(settings) as url, httpx.Client(base_url=url, timeout=60) as http:
        assert http.get("/healthz").json() == {"status": "ok"}
        assert http.get("/readyz").json() == {"ready": True, "missing": {}}


def test_object_storage_is_missing(settings: Settings) -> None:
    nowhere = settings.model_copy(update={"s3_bucket": "no-such-bucket"})
    with served(nowhere) as url, httpx.Client(base_url=url, timeout=60) as http:
        assert missing(http) == {"object_storage"}
        assert "no-such-bucket" not in http.get("/readyz").text


def test_partitions_are_missing(settings: Settings, conn: psycopg.Connection[Any]) -> None:
    found = conn.execute(
        "select c.oid::regclass::text as name from pg_inherits as i join pg_class as c on c.oid = i.inhrelid "
        "where i.inhparent = 'telemetry.workflow_events'::regclass order by c.relname desc"
    ).fetchall()
    for row in found:
        conn.execute(f"drop table {row['name']}")
    with served(settings) as url, httpx.Client(base_url=url, timeout=60) as http:
        assert missing(http) == {"partitions"}


def test_an_unmigrated_database(settings: Settings, conn: psycopg.Connection[Any]) -> None:
    conn.execute("drop schema telemetry, iam cascade")
    with served(settings) as url, httpx.Client(base_url=url, timeout=60) as http:
        assert missing(http) == {"database", "partitions"}
        answer = http.post("/telemetry/events", json=step(), headers={"Authorization": "Bearer pyl_x"})
        assert answer.status_code == 503
        assert "iam" not in answer.text


def test_a_database_that_says_nothing(
    settings: Settings, nobody: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def stored(_client: object) -> None: ...

    monkeypatch.setattr(probes, "_object_storage", stored)  # at once, so that only the database is waited for
    monkeypatch.setattr(probes, "_TIMEOUT_SECONDS", 0.5)
    monkeypatch.setattr(app, "_CONNECTION_TIMEOUT_SECONDS", 1.0)
    silent = settings.model_copy(update={"database_url": SecretStr(nobody)})
    with served(silent) as url, httpx.Client(base_url=url, timeout=30) as http:
        for _ in range(3):
            assert missing(http) == {"database", "partitions"}
        assert http.get("/healthz").status_code == 200
        answer = http.post("/telemetry/events", json=step(), headers={"Authorization": "Bearer pyl_x"})
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")


def test_the_documents_are_open(settings: Settings) -> None:
    with served(settings) as url, httpx.Client(base_url=url, timeout=60) as http:
        assert http.get("/docs").status_code == 200
        paths = http.get("/openapi.json").json()["paths"]
        assert {"/telemetry/events", "/ai/models", "/healthz", "/readyz", "/artifacts"} <= paths.keys()
        assert paths["/telemetry/events"].keys() == {"get", "post"}
        for path, status in (("/none", 404), ("/healthz/", 404)):
            answer = http.get(path)
            assert (answer.status_code, answer.json()["status"]) == (status, status)
        answer = http.delete("/telemetry/events")
        assert (answer.status_code, answer.json()["code"]) == (405, None)
