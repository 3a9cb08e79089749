"""Events and timelines, page by page."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote

import httpx
import pytest
from ulid import ULID

import pylayer
from pylayer.config import Settings
from tests.events.samples import step
from tests.server.serving import served

NOW = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=30)


def made(position: int, **changes: Any) -> dict[str, Any]:
    """An event of the minute ``position``; its ``ts`` goes the other way round."""
    moment = NOW + timedelta(minutes=position)
    ts = NOW - timedelta(minutes=position)
    return step(str(ULID.from_datetime(moment)), ts=ts.isoformat(), **changes)


@pytest.fixture
def http(settings: Settings, client: pylayer.Client) -> Iterator[httpx.Client]:
    key = client.keys.create("reader", scopes=["events:read"]).secret
    with (
        served(settings) as url,
        httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=60) as connected,
    ):
        yield connected


def ids(response: httpx.Response) -> list[str]:
    assert response.status_code == 200, response.text
    return [event["event_id"] for event in response.json()["events"]]


def pages(http: httpx.Client, path: str) -> list[httpx.Response]:
    """All pages from ``path`` on, by their Link headers."""
    found = [http.get(path)]
    while following := found[-1].links.get("next"):
        assert found[-1].json()["next"] is not None
        assert len(found) < 10
        found.append(http.get(following["url"]))
    assert found[-1].json()["next"] is None, found[-1].text
    return found


def test_an_event_comes_back_as_it_is(http: httpx.Client, client: pylayer.Client) -> None:
    event = made(0, metadata={"source": "ä"}, project_id="p", workflow_name="w", agent_role="a")
    client.events.ingest(event)
    (found,) = http.get("/telemetry/events").json()["events"]
    assert datetime.fromisoformat(found.pop("recorded_at")) > NOW
    assert datetime.fromisoformat(found.pop("ts")) == datetime.fromisoformat(event.pop("ts"))
    assert found == {**event, "event_version": 1}


def test_filters(http: httpx.Client, client: pylayer.Client) -> None:
    payload = {**made(0)["payload"], "gap_type": "x", "severity": "low", "stage_found": "y"}
    for name in ("event_name", "run_id", "item_id", "workflow_name", "agent_role", "project_id"):
        value = "workflow.gap_found" if name == "event_name" else "a b/ä?&+%"
        wanted = {**made(1, payload=payload), name: value}
        client.events.ingest_many([made(0, payload=payload), wanted])
        assert ids(http.get("/telemetry/events", params={name: value})) == [wanted["event_id"]]
        assert ids(http.get("/telemetry/events", params={name: value + "x"})) == []


def test_a_range_of_time(http: httpx.Client, client: pylayer.Client) -> None:
    events = [made(position) for position in range(4)]
    client.events.ingest_many(events)
    found = http.get("/telemetry/events", params={"since": events[2]["ts"], "until": events[0]["ts"]})
    assert ids(found) == [events[1]["event_id"], events[2]["event_id"]]
    assert ids(http.get("/telemetry/events", params={"since": "9999-12-31T23:59:59.999999Z"})) == []
    assert len(ids(http.get("/telemetry/events", params={"since": "0001-01-01T00:00:00+14:00"}))) == 4


@pytest.mark.parametrize(("count", "limit", "expected"), [(5, 2, [2, 2, 1]), (4, 2, [2, 2]), (0, 2, [0])])
def test_pages(
    http: httpx.Client, client: pylayer.Client, count: int, limit: int, expected: list[int]
) -> None:
    events = [made(position, run_id="run ä/1") for position in range(count)]
    client.events.ingest_many([*events, made(0, run_id="other")])
    found = pages(http, f"/telemetry/events?run_id=run+%C3%A4%2F1&limit={limit}")
    assert [len(ids(page)) for page in found] == expected
    assert [one for page in found for one in ids(page)] == [event["event_id"] for event in events]
    timeline = pages(http, f"/telemetry/runs/run%20%C3%A4/1?limit={limit}")
    assert [len(ids(page)) for page in timeline] == expected
    assert [one for page in timeline for one in ids(page)] == [event["event_id"] for event in events[::-1]]


def test_a_timeline_goes_on_behind_equal_times(http: httpx.Client, client: pylayer.Client) -> None:
    events = [step(ts=NOW.isoformat()) for _ in range(5)]
    client.events.ingest_many(events)
    found = pages(http, "/telemetry/runs/run-1?limit=2")
    assert [one for page in found for one in ids(page)] == sorted(event["event_id"] for event in events)


def test_any_run_has_a_path(http: httpx.Client, client: pylayer.Client) -> None:
    for run_id in ("a/b", "a%2Fb/c", "%2e%2e%2fx", "a%20b", "ä", "%25", "a%3Fb", "a%0A%0Db%0A"):
        client.events.ingest(event := made(0, run_id=unquote(run_id)))
        assert ids(http.get(f"/telemetry/runs/{run_id}")) == [event["event_id"]]


def test_a_run_without_events_is_empty(http: httpx.Client) -> None:
    answer = http.get("/telemetry/runs/unheard-of")
    assert (answer.status_code, answer.json()) == (200, {"events": [], "next": None})
    assert "link" not in answer.headers


def test_refused(http: httpx.Client) -> None:
    for path in (
        "events?limit=0",
        "events?limit=501",
        "events?limit=x",
        "events?since=2026-01-31",
        "events?since=1769860800",
        "events?since=2026-01-31T12:00:00",
        "events?since=2026-13-31T12:00:00Z",
        "events?since=2026-01-31T12:00:00+01:00",
        "events?after=x",
        "events?after=",
        "events?runid=r",
        "events?run_id=%00",
        "events?since=2026-01-02T00:00:00Z&until=2026-01-01T00:00:00Z",
        f"events?after={'8' * 26}",
        "runs/r?after=x",
        "runs/r?after=,",
        "runs/r?after=2026-13-31T12:00:00.000000Z,01ARZ3NDEKTSV4RRFFQ69G5FAV",
        "runs/%00",
        "runs/",
    ):
        answer = http.get(f"/telemetry/{path}")
        assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json"), path
        assert answer.json()["code"] == "PT400"


@pytest.mark.parametrize("path", ["/telemetry/events", "/telemetry/runs/r"])
def test_who_may_not(http: httpx.Client, client: pylayer.Client, path: str) -> None:
    writer = client.keys.create("writer", scopes=["events:write"]).secret
    for headers, status, reason in [
        ({"Authorization": f"Bearer {writer}"}, 403, "missing_scope"),
        ({"Authorization": "Bearer nobody"}, 401, "invalid_key"),
    ]:
        answer = http.get(path, headers=headers)
        assert (answer.status_code, answer.json()["reason"]) == (status, reason)
