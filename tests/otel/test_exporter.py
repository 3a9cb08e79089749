"""Each step becomes one span, with the ids of its run and event."""

from __future__ import annotations

import doctest
import hashlib
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, ParentBased, Sampler, SamplingResult
from opentelemetry.semconv._incubating.attributes import gen_ai_attributes
from opentelemetry.semconv.attributes import error_attributes
from opentelemetry.trace import SpanKind, StatusCode
from ulid import ULID

import pylayer
from pylayer import otel
from pylayer.emitter import Emitter
from pylayer.events import Event, FlowIssue, StepCompleted, build
from pylayer.otel import OpenTelemetryExporter, span_id_of, trace_id_of

_MODEL_CALL: dict[str, Any] = {
    "model": "gpt-4o", "input_tokens": 1200, "cached_input_tokens": 1000, "output_tokens": 96,
    "cost_usd_est": 0.0034, "retry_count": 1,
}  # fmt: skip
_TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
_RUN = "01KAJ6Z3G8PZ0R6T7Y9M4QWXYZ"


class Spans:
    """An exporter on a provider that keeps the finished spans."""

    def __init__(self, sampler: Sampler = ALWAYS_ON) -> None:
        self.provider = TracerProvider(sampler, shutdown_on_exit=False)
        self._memory = InMemorySpanExporter()
        self.provider.add_span_processor(SimpleSpanProcessor(self._memory))
        self.export = OpenTelemetryExporter(self.provider)

    def finished(self) -> tuple[ReadableSpan, ...]:
        return self._memory.get_finished_spans()

    def of(self, event: Event) -> Any:
        """The span of an event, as the only one that it makes."""
        self._memory.clear()
        self.export(event)
        [span] = self.finished()
        return span


@pytest.fixture
def spans() -> Iterator[Spans]:
    made = Spans()
    yield made
    made.provider.shutdown()


def step(*, facts: dict[str, Any] | None = None, **envelope: Any) -> Event:
    payload = {"step_name": "plan", "status": "succeeded", "duration_ms": 812.5} | (facts or {})
    return build(StepCompleted(**payload), **envelope)


def test_a_model_call_is_a_chat_span(spans: Spans) -> None:
    event = step(
        facts=_MODEL_CALL | {"provider": "openai"}, run_id=_RUN, agent_role="planner", workflow_name="w"
    )
    span = spans.of(event)
    assert (span.name, span.kind, span.parent) == ("chat gpt-4o", SpanKind.CLIENT, None)
    assert (span.status.status_code, span.status.description) == (StatusCode.UNSET, None)
    assert dict(span.attributes) == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4o",
        "gen_ai.usage.input_tokens": 1200,
        "gen_ai.usage.cache_read.input_tokens": 1000,
        "gen_ai.usage.output_tokens": 96,
        "gen_ai.agent.name": "planner",
        "gen_ai.workflow.name": "w",
        "pylayer.step.name": "plan",
        "pylayer.step.status": "succeeded",
        "pylayer.step.retry_count": 1,
        "pylayer.step.cost_usd_est": 0.0034,
        "pylayer.event_id": event.event_id,
        "pylayer.run_id": _RUN,
    }


def test_names_are_those_of_the_conventions(spans: Spans) -> None:
    known = {
        value
        for module in (gen_ai_attributes, error_attributes)
        for name, value in vars(module).items()
        if name.isupper()
    }
    event = step(
        facts=_MODEL_CALL | {"provider": "openai", "status": "failed"}, agent_role="a", workflow_name="w"
    )
    ours = {name for name in spans.of(event).attributes if not name.startswith("pylayer.")}
    assert len(ours) == 9
    assert ours <= known


def test_a_step_without_a_model_is_an_internal_span(spans: Spans) -> None:
    span = spans.of(step(item_id="INFR-001", project_id="p"))
    assert (span.name, span.kind) == ("plan", SpanKind.INTERNAL)
    assert not [name for name in span.attributes if name.startswith("gen_ai.")]
    assert (span.attributes["pylayer.item_id"], span.attributes["pylayer.project_id"]) == ("INFR-001", "p")


@pytest.mark.parametrize(
    ("facts", "kind"), [({}, "_OTHER"), ({"error_type": "TimeoutError"}, "TimeoutError")]
)
def test_a_failed_step_has_an_error(spans: Spans, facts: dict[str, str], kind: str) -> None:
    span = spans.of(step(facts={"status": "failed", "error": "no answer"} | facts))
    assert (span.status.status_code, span.status.description) == (StatusCode.ERROR, "no answer")
    assert span.attributes["error.type"] == kind


def test_a_skipped_step_is_no_error(spans: Spans) -> None:
    span = spans.of(step(facts={"status": "skipped", "duration_ms": 0}))
    assert (span.status.status_code, span.start_time) == (StatusCode.UNSET, span.end_time)
    assert "error.type" not in span.attributes


def test_it_ends_at_ts_and_began_a_duration_before(spans: Spans) -> None:
    ts = datetime(2026, 3, 1, 12, 0, 0, 123_456, tzinfo=UTC)
    span = spans.of(step(ts=ts))
    assert span.end_time == 1_772_366_400_123_456_000
    assert span.end_time - span.start_time == 812_500_000


def test_without_ts_it_ends_at_the_time_in_the_id(spans: Spans) -> None:
    event_id = str(ULID.from_timestamp(1_772_366_400_123))
    event = Event(event_id=event_id, event_name="workflow.step_completed", payload=step().payload)
    assert spans.of(event).end_time == 1_772_366_400_123_000_000


def test_a_duration_beyond_1970_begins_there(spans: Spans) -> None:
    assert spans.of(step(facts={"duration_ms": 2**53})).start_time == 0


def test_the_steps_of_a_run_share_a_trace(spans: Spans) -> None:
    first, second, other = (spans.of(step(run_id=run)) for run in ("run-1", "run-1", "run-2"))
    assert first.context.trace_id == second.context.trace_id != other.context.trace_id
    assert first.context.span_id != second.context.span_id
    assert first.context.trace_id == int(hashlib.sha256(b"run-1").hexdigest()[:32], 16)


def test_ids_come_from_run_and_event(spans: Spans) -> None:
    event = step(run_id=_RUN)
    span = spans.of(event)
    assert span.context.trace_id == int.from_bytes(ULID.from_str(_RUN).bytes)
    assert span.context.span_id == int.from_bytes(ULID.from_str(event.event_id).bytes[8:])
    assert spans.of(event).context == span.context


def test_a_step_without_a_run_has_a_trace_of_its_own(spans: Spans) -> None:
    event = step()
    assert spans.of(event).context.trace_id == int.from_bytes(ULID.from_str(event.event_id).bytes)


@pytest.mark.parametrize("text", ["0" * 26, "", "\ud800", "8" + "Z" * 25, "7" + "Z" * 25, "run"])
def test_ids_are_never_zero_and_fit(text: str) -> None:
    assert 0 < trace_id_of(text) < 2**128
    assert 0 < span_id_of(text) < 2**64


def test_traceparent_takes_precedence(spans: Spans) -> None:
    event = step(run_id=_RUN, metadata={"traceparent": _TRACEPARENT, "tracestate": "vendor=1"})
    span = spans.of(event)
    assert f"{span.context.trace_id:032x}" == "4bf92f3577b34da6a3ce929d0e0e4736"
    assert f"{span.parent.span_id:016x}" == "00f067aa0ba902b7"
    assert span.context.span_id == span_id_of(event.event_id)
    assert span.context.trace_state.get("vendor") == "1"


def test_a_trace_that_is_not_sampled_stays_so() -> None:
    spans = Spans(ParentBased(ALWAYS_ON))
    spans.export(step(metadata={"traceparent": _TRACEPARENT[:-1] + "0"}))
    assert spans.finished() == ()


@pytest.mark.parametrize(
    "traceparent", ["", "nonsense", f"00-{'0' * 32}-00f067aa0ba902b7-01", 7, None, ["x"]]
)
def test_a_bad_traceparent_is_ignored(spans: Spans, traceparent: object) -> None:
    span = spans.of(step(run_id=_RUN, metadata={"traceparent": traceparent}))
    assert (span.parent, span.context.trace_id) == (None, trace_id_of(_RUN))


def test_a_span_of_the_emitting_thread_is_no_parent(spans: Spans) -> None:
    with spans.provider.get_tracer("app").start_as_current_span("request"):
        span = spans.of(step(run_id=_RUN))
    assert (span.parent, span.context.trace_id) == (None, trace_id_of(_RUN))


def test_spans_of_others_keep_their_ids(spans: Spans) -> None:
    spans.export(step(run_id=_RUN))
    with spans.provider.get_tracer("app").start_as_current_span("request") as own:
        assert own.get_span_context().trace_id != trace_id_of(_RUN)


class Meeting(Sampler):
    """Samples when two threads have come to this point, which lies between trace id and span id."""

    def __init__(self) -> None:
        self._both = threading.Barrier(2, timeout=30)

    def should_sample(self, *args: Any, **kwargs: Any) -> SamplingResult:
        self._both.wait()
        return ALWAYS_ON.should_sample(*args, **kwargs)

    def get_description(self) -> str:
        return "Meeting"


def test_two_threads_export_at_once() -> None:
    spans = Spans(Meeting())
    events = [step(run_id="run-1"), step(run_id="run-2")]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(spans.export, events))
    found = {(span.context.trace_id, span.context.span_id) for span in spans.finished() if span.context}
    assert found == {(trace_id_of(event.run_id or ""), span_id_of(event.event_id)) for event in events}


def test_other_events_are_ignored(spans: Spans) -> None:
    spans.export(build(FlowIssue(issue_type="handoff", impact="low")))
    spans.export(Event(event_name="workflow.step_completed", event_version=2, payload={}))
    assert spans.finished() == ()


def test_a_step_that_breaks_its_contract_makes_no_span(spans: Spans) -> None:
    with pytest.raises(pylayer.ValidationFailed) as caught:
        spans.export(Event(event_name="workflow.step_completed", payload={"step_name": "s"}))
    assert caught.value.reason == "contract"
    assert spans.finished() == ()


class Discard:
    """A transport that takes everything."""

    def send(self, events: Any) -> list[pylayer.IngestResult]:
        return [
            pylayer.IngestResult(position=n, event_id=None, status="created") for n, _ in enumerate(events, 1)
        ]

    def prices(self) -> list[Any]:
        return []

    def close(self) -> None:
        pass


def test_it_listens_to_an_emitter(spans: Spans) -> None:
    with Emitter(Discard(), spool=None) as emitter:
        emitter.subscribe(spans.export)
        event_id = pylayer.emit_step_completed(
            step_name="plan",
            status="succeeded",
            duration_ms=3,
            ts=datetime.now(UTC) - timedelta(1),
            emitter=emitter,
        )
    assert [span.attributes["pylayer.event_id"] for span in spans.finished() if span.attributes] == [event_id]


def test_without_a_provider_of_the_sdk(monkeypatch: pytest.MonkeyPatch, spans: Spans) -> None:
    monkeypatch.setattr(trace, "get_tracer_provider", trace.NoOpTracerProvider)
    with pytest.raises(pylayer.InvalidInput) as caught:
        OpenTelemetryExporter()
    assert caught.value.reason == "no_tracer_provider"
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: spans.provider)
    OpenTelemetryExporter()(step())
    assert len(spans.finished()) == 1


def test_a_disabled_sdk_exports_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    disabled = Spans()
    disabled.export(step())
    assert disabled.finished() == ()


def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "pylayer.otel")
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with pytest.raises(pylayer.InvalidInput) as caught:
        __import__("pylayer.otel")
    assert (caught.value.reason, caught.value.detail) == ("missing_package", "opentelemetry.sdk.trace")


def test_examples(spans: Spans) -> None:
    names = {"tracer_provider": spans.provider, "finished_spans": spans.finished, "build": build}
    found = doctest.DocTestFinder().find(otel, extraglobs=names)
    results = [doctest.DocTestRunner().run(test) for test in found]
    assert sum(result.attempted for result in results) > 0
    assert sum(result.failed for result in results) == 0
