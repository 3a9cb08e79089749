from __future__ import annotations

from collections.abc import Iterator

import pytest

import pylayer
from pylayer.events import PAYLOADS, current_context
from pylayer.events.context import RunContext
from pylayer.langgraph import recording
from tests.graphs.support import WAYS, Recorder, Way


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    """An emitter that keeps the events, which all fulfil their contracts; nothing leaks to the caller."""
    kept = Recorder()
    yield kept
    for event in kept.events:
        assert PAYLOADS[event.event_name](**event.payload).facts() == event.payload
        assert event.run_id
        assert event.ts is not None
    assert len({event.event_id for event in kept.events}) == len(kept.events)
    assert current_context() == RunContext()


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> Way:
    """Each way to run a graph."""
    return WAYS[request.param]


@pytest.fixture
def kept(client: pylayer.Client) -> Iterator[pylayer.Client]:
    """A client in whose database executions are recorded; the threads that do it end with the test."""
    yield client
    for writer in recording._writers.values():
        writer.close()
    recording._writers.clear()
