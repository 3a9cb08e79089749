"""From a call to an event: complete, checked at once, and cheap."""

from __future__ import annotations

import doctest
import importlib
import inspect
import os
import statistics
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from ulid import ULID

import pylayer
from pylayer import events
from pylayer.errors import error_class
from pylayer.events import (
    PAYLOADS,
    Event,
    FlowIssue,
    LessonRecorded,
    Payload,
    build,
    emit,
    emit_flow_issue,
    emit_item_state_changed,
    emit_step_completed,
    run_context,
)
from pylayer.ids import new_ulid

_ISSUE = FlowIssue(issue_type="handoff", impact="low")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Recorder:
    """Takes events as the emitter does."""

    def __init__(self) -> None:
        self.sent: list[Event] = []

    def emit(self, event: Event, /) -> str:
        self.sent.append(event)
        return event.event_id


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    """The default emitter, for the time of a test."""
    made = Recorder()
    monkeypatch.setattr("pylayer.emitter.default_emitter", lambda: made)
    return made


@pytest.mark.parametrize("name", ["context", "contract", "emit", "emit_workflow", "emit_learning"])
def test_examples(name: str, recorder: Recorder) -> None:
    names = {name: getattr(events, name) for name in events.__all__}
    module = importlib.import_module(f"pylayer.events.{name}")
    found = doctest.DocTestFinder().find(
        module, extraglobs=names | {"sent": recorder.sent, "emitter": recorder}
    )
    results = [doctest.DocTestRunner().run(test) for test in found]
    assert sum(result.attempted for result in results) > 0
    assert sum(result.failed for result in results) == 0


def _functions() -> dict[str, type[Payload]]:
    return {f"emit_{name.partition('.')[2]}": model for name, model in PAYLOADS.items()}


def test_each_type_has_its_function_with_the_fields_of_its_model() -> None:
    for name, model in _functions().items():
        given = inspect.signature(getattr(events, name)).parameters
        *fields, more = given.values()
        assert more.kind is inspect.Parameter.VAR_KEYWORD
        assert [field.name for field in fields] == list(model.model_fields)
        for field in fields:
            assert field.kind is inspect.Parameter.KEYWORD_ONLY
            assert (field.default is inspect.Parameter.empty) == model.model_fields[field.name].is_required()
            assert f"\n        {field.name}: " in (getattr(events, name).__doc__ or "")
        assert ">>> " in (getattr(events, name).__doc__ or "")


def test_each_function_sends_its_own_type(client: pylayer.Client) -> None:
    samples = {"string": "x", "number": 1, "integer": 1, "boolean": True, "array": ["x"]}

    def sample(rule: dict[str, Any]) -> Any:
        kind = rule["type"] if isinstance(rule["type"], str) else rule["type"][0]
        return rule["enum"][0] if "enum" in rule else samples[kind]

    sink = Recorder()
    for name, model in _functions().items():
        facts = {key: sample(rule) for key, rule in model.contract()["properties"].items()}
        event_id = getattr(events, name)(**facts, emitter=sink)
        assert sink.sent[-1].event_id == event_id
        assert (sink.sent[-1].event_name, sink.sent[-1].payload) == (model.event_name, facts)
    assert {result.status for result in client.events.ingest_many(sink.sent)} == {"created"}


def test_facts_beside_the_contract_are_kept(recorder: Recorder) -> None:
    emit_flow_issue(issue_type="handoff", impact="low", minutes_lost=20, payload=1, options=None)
    assert recorder.sent[0].payload == {
        "issue_type": "handoff",
        "impact": "low",
        "minutes_lost": 20,
        "payload": 1,
        "options": None,
    }


def test_correlation_comes_from_the_context_and_the_call(recorder: Recorder) -> None:
    with run_context(run_id="r", item_id="i", workflow_name="w", agent_role="dev", project_id="p"):
        emit_flow_issue(issue_type="handoff", impact="low", item_id="other", metadata={"source": "x"})
        emit(_ISSUE)
    emit(_ISSUE)
    found = [(e.run_id, e.item_id, e.workflow_name, e.agent_role, e.project_id) for e in recorder.sent]
    assert found == [("r", "other", "w", "dev", "p"), ("r", "i", "w", "dev", "p"), (None,) * 5]
    assert [event.metadata for event in recorder.sent] == [{"source": "x"}, None, None]


def test_an_event_goes_as_it_is(recorder: Recorder) -> None:
    event = Event(event_name="shop.order_placed", payload={"order_id": "A-1"})
    with run_context(run_id="r"):
        assert emit(event) == event.event_id
        assert recorder.sent == [event]
        with pytest.raises(pylayer.InvalidInput) as caught:
            emit(event, item_id="i")  # type: ignore[call-overload]
    assert (caught.value.reason, caught.value.detail) == ("event_is_complete", "item_id")


def test_an_unknown_keyword_of_a_payload_is_an_error(recorder: Recorder) -> None:
    with pytest.raises(TypeError):
        emit(_ISSUE, runid="r")  # type: ignore[call-overload]
    assert recorder.sent == []


def milliseconds(ts: datetime) -> int:
    return (ts - _EPOCH) // timedelta(milliseconds=1)


def test_now_is_the_time_of_id_and_ts() -> None:
    before = datetime.now(UTC)
    made = [build(_ISSUE) for _ in range(200)]
    after = datetime.now(UTC)
    for event in made:
        assert event.ts is not None
        assert before <= event.ts <= after
        assert ULID.from_str(event.event_id).milliseconds == milliseconds(event.ts)
    assert sorted(made, key=lambda event: event.event_id) == made
    assert len({event.event_id for event in made}) == len(made)


@pytest.mark.parametrize(
    "ts",
    [
        datetime(2026, 3, 1, 12, 0, 0, 999_999, tzinfo=UTC),
        datetime(2026, 3, 1, 12, 0, 1, 1000, tzinfo=timezone(timedelta(hours=5, minutes=30))),
        datetime(1970, 1, 1, tzinfo=UTC),
    ],
)
def test_the_id_has_the_time_of_a_given_ts(ts: datetime) -> None:
    event = build(_ISSUE, ts=ts)
    assert event.ts == ts
    assert ULID.from_str(event.event_id).milliseconds == milliseconds(ts)


@pytest.fixture
def far_from_utc() -> Iterator[None]:
    """A local time that is not UTC."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("TZ", "Asia/Kolkata")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("far_from_utc")
def test_a_ts_without_a_zone_is_utc() -> None:
    event = build(_ISSUE, ts=datetime(2026, 3, 1, 12))
    assert event.ts == datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_a_given_id_brings_its_time(client: pylayer.Client) -> None:
    yesterday = datetime.now(UTC) - timedelta(hours=30)
    event = build(_ISSUE, event_id=str(ULID.from_datetime(yesterday)))
    assert client.events.ingest(event).created
    [stored] = client.events.query(event_name=event.event_name)
    assert stored.ts == _EPOCH + timedelta(milliseconds=milliseconds(yesterday))


def test_both_halves_of_a_fork_make_their_own_ids() -> None:
    moment = milliseconds(datetime.now(UTC))
    new_ulid(moment)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writer, new_ulid(moment).encode())
        os._exit(0)
    os.waitpid(child, 0)
    theirs = os.read(reader, 26).decode()
    os.close(reader)
    os.close(writer)
    ours = new_ulid(moment)
    assert (len(theirs), theirs[:10]) == (26, ours[:10])
    assert theirs != ours


_BAD: dict[str, tuple[dict[str, Any], str, str | None]] = {
    "id": ({"event_id": "not-a-ulid"}, "PT400", "invalid_event_id"),
    "lower-case id": ({"event_id": str(ULID()).lower()}, "PT400", "invalid_event_id"),
    "overflowing id": ({"event_id": "8" + "Z" * 25}, "PT400", "invalid_event_id"),
    "id with a new line": ({"event_id": f"{ULID()}\n"}, "PT400", "invalid_event_id"),
    "id no string": ({"event_id": 7}, "PT400", "invalid_event_id"),
    "ts no time": ({"ts": "2026-01-01T00:00:00Z"}, "PT400", "invalid_ts"),
    "ts before 1970": ({"ts": datetime(1969, 12, 31, tzinfo=UTC)}, "PT400", "invalid_ts"),
    "run no string": ({"run_id": 7}, "PT400", "invalid_field"),
    "item too long": ({"item_id": "x" * 501}, "PT400", "invalid_field"),
    "metadata no object": ({"metadata": "x"}, "PT400", "invalid_field"),
    "metadata with a number for a key": ({"metadata": {1: 2}}, "PT400", "invalid_field"),
    "NUL": ({"run_id": "a\x00b"}, "22P05", None),
    "NUL deep inside": ({"note": [{"\x00": 1}]}, "22P05", None),
    "NUL after a backslash": ({"note": "\\\x00"}, "22P05", None),
    "NaN deep inside": ({"note": [float("nan")]}, "22P02", None),
    "infinite": ({"metadata": {"x": float("-inf")}}, "22P02", None),
    "lone surrogate": ({"issue_type": "\ud800"}, "22P02", None),
    "not JSON": ({"note": object()}, "22P02", None),
    "too large": ({"description": "x" * 2**20}, "PT413", "event_too_large"),
}  # fmt: skip


@pytest.mark.parametrize("name", _BAD)
def test_what_the_database_would_refuse_is_refused_at_once(name: str, recorder: Recorder) -> None:
    changes, code, reason = _BAD[name]
    with pytest.raises(pylayer.PylayerError) as caught:
        emit_flow_issue(**{"issue_type": "handoff", "impact": "low"} | changes)
    assert (caught.value.code, caught.value.reason) == (code, reason)
    assert type(caught.value) is error_class(code)
    assert recorder.sent == []


@pytest.mark.parametrize("text", ["\\u0000", "a\\\\u0000", "NaN", "Infinity and NaN", "\\x00", "\x01"])
def test_words_that_only_look_so_are_kept(client: pylayer.Client, text: str) -> None:
    event = build(LessonRecorded(lesson_id="L", lesson=text))
    assert client.events.ingest(event).created
    [stored] = client.events.query(event_name=event.event_name)
    assert stored.payload["lesson"] == text


def test_a_refused_payload_is_never_sent(recorder: Recorder) -> None:
    with pytest.raises(pylayer.ValidationFailed) as caught:
        emit_step_completed(step_name="s", status="done", duration_ms=1)  # type: ignore[arg-type]
    assert (caught.value.code, caught.value.reason) == ("PT422", "contract")
    assert recorder.sent == []


def test_the_most_used_names_stand_in_the_package() -> None:
    assert pylayer.run_context is run_context
    assert pylayer.emit_step_completed is emit_step_completed
    assert pylayer.emit_item_state_changed is emit_item_state_changed


def test_an_event_is_made_in_microseconds() -> None:
    """The bound is many times what it takes, so that only another order of work breaks it."""
    sink, took = Recorder(), []
    with run_context(run_id="r", workflow_name="w"):
        for _ in range(2000):
            start = time.perf_counter_ns()
            emit_step_completed(step_name="s", status="succeeded", duration_ms=1.5, model="m", emitter=sink)
            took.append(time.perf_counter_ns() - start)
    assert statistics.median(took) < 200_000
