"""What this process did: calls of functions, pools, emitters."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from weakref import WeakSet

import pytest
from prometheus_client import CollectorRegistry

import pylayer
from pylayer.config import Settings
from pylayer.emitter import Emitter, lifecycle
from pylayer.events import Event, IngestResult
from pylayer.metrics import CallTimes, call_times, pool_stats, pools
from pylayer.metrics.calls import BOUNDS_SECONDS
from pylayer.metrics.exposition import ClientCollector, DatabaseCollector
from pylayer.models import ModelPrice
from tests.events.samples import step


class Stores:
    """A transport to which everything is new."""

    def send(self, events: Sequence[bytes]) -> list[IngestResult]:
        return [IngestResult(event_id=None, status="created") for _ in events]

    def prices(self) -> list[ModelPrice]:
        return []

    def close(self) -> None:
        pass


def count(function: str, outcome: str) -> int:
    none = CallTimes(0, ())
    return sum(call_times().get((function, outcome), none).buckets)


def test_calls_are_counted_by_function_and_outcome(client: pylayer.Client) -> None:
    event = step()
    names = [("telemetry.ingest_event", "ok"), ("telemetry.ingest_event", "PT422")]
    before = [count(*name) for name in names]
    client.events.ingest(event)
    client.events.ingest(event)
    with pytest.raises(pylayer.ValidationFailed):
        client.events.ingest(step(payload={}))
    assert [count(*name) for name in names] == [before[0] + 2, before[1] + 1]
    times = call_times()["telemetry.ingest_event", "ok"]
    assert len(times.buckets) == len(BOUNDS_SECONDS) + 1
    assert times.seconds > 0


def test_calls_of_the_asynchronous_client(settings: Settings) -> None:
    before = count("telemetry.ingest_event", "ok")

    async def work() -> None:
        async with await pylayer.connect_async(settings=settings) as client:
            await client.events.ingest(step())

    asyncio.run(work())
    assert count("telemetry.ingest_event", "ok") == before + 1


def test_a_call_without_a_server_is_counted() -> None:
    before = count("telemetry.retention_floor", "08000")
    with (
        pylayer.connect("postgresql://postgres@127.0.0.1:1/none", timeout=0.2) as client,
        pytest.raises(pylayer.Unavailable) as refused,
    ):
        client.events.retention_floor()
    outcome = refused.value.code or "Unavailable"
    assert count("telemetry.retention_floor", outcome) == before + 1


def test_pools_are_counted_while_they_are_open(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pools, "_pools", WeakSet())  # those of other tests may end or work meanwhile
    with pylayer.connect(settings=settings, pool_size=3) as client:
        client.events.retention_floor()
        assert pool_stats()["client"]["requests_num"] == 1
        assert pool_stats()["client"]["pool_max"] == 3
    assert pool_stats() == {}


def test_a_closed_emitter_still_counts() -> None:
    before = lifecycle.stats()
    event = Event(event_name="workflow.flow_issue", payload={"issue_type": "x", "impact": "low"})
    with Emitter(Stores(), spool=None) as emitter:
        emitter.emit(event)
        assert emitter.flush(10)
        assert lifecycle.stats().delivered == before.delivered + 1
    emitter.close()
    after = lifecycle.stats()
    assert (after.emitted, after.delivered) == (before.emitted + 1, before.delivered + 1)
    assert after.pending == before.pending


def test_the_collectors_fit_a_registry_of_the_user(worked: pylayer.Client) -> None:
    registry = CollectorRegistry(auto_describe=True)
    calls = count("telemetry.metric_totals", "ok")
    registry.register(DatabaseCollector(worked.metrics.totals))
    registry.register(ClientCollector())
    assert count("telemetry.metric_totals", "ok") == calls, "registering reads nothing"
    assert registry.get_sample_value("workflow_run_success_total") == 6
    assert registry.get_sample_value("pylayer_pool_connections", {"pool": "client"}) is not None
    assert registry.get_sample_value("pylayer_emitter_events_emitted_total") is not None
    found = {"function": "telemetry.metric_totals", "outcome": "ok"}
    assert (registry.get_sample_value("pylayer_call_duration_seconds_count", found) or 0) > calls
