"""Spans of OpenTelemetry from ``workflow.step_completed`` events. Needs the extra ``otel``."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from typing import Any

from ulid import ULID

from pylayer.errors import InvalidInput
from pylayer.events import Event, StepCompleted

try:
    from opentelemetry import trace
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import Tracer, TracerProvider
    from opentelemetry.sdk.trace.id_generator import IdGenerator
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
except ModuleNotFoundError as error:
    raise InvalidInput(
        "pylayer.otel needs the package opentelemetry-sdk",
        reason="missing_package",
        detail=error.name,
        hint="pip install 'pylayer-pg[otel]'",
    ) from error

__all__ = ["OpenTelemetryExporter", "span_id_of", "trace_id_of"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")
_W3C = TraceContextTextMapPropagator()

# Literals: the GenAI conventions, still in development, are leaving opentelemetry-semantic-conventions.
_OF_PAYLOAD = {
    "provider": "gen_ai.provider.name",
    "model": "gen_ai.request.model",
    "input_tokens": "gen_ai.usage.input_tokens",
    "cached_input_tokens": "gen_ai.usage.cache_read.input_tokens",
    "output_tokens": "gen_ai.usage.output_tokens",
    "step_name": "pylayer.step.name",
    "status": "pylayer.step.status",
    "retry_count": "pylayer.step.retry_count",
    "cost_usd_est": "pylayer.step.cost_usd_est",
}
_OF_EVENT = {
    "agent_role": "gen_ai.agent.name",
    "workflow_name": "gen_ai.workflow.name",
    "event_id": "pylayer.event_id",
    "run_id": "pylayer.run_id",
    "item_id": "pylayer.item_id",
    "project_id": "pylayer.project_id",
}


class OpenTelemetryExporter:
    """Turns each ``workflow.step_completed`` event into a span; a listener of an emitter.

    A step that called a model is a ``chat`` span of the GenAI conventions, any other an internal span with
    the name of the step. It ends at ``ts`` and began ``duration_ms`` before; a failed step has the status
    ERROR. Other event types are ignored.

    The steps of a run are root spans of one trace, whose id comes from ``run_id``. A W3C ``traceparent`` in
    the event's metadata takes precedence: the span is then a child of that one, in its trace. The span's id
    comes from ``event_id``, so that an event that is exported again is the same span.

    Args:
        tracer_provider: provider of the SDK; default the global one. Its span processor should be a
            ``BatchSpanProcessor``, because the exporter runs in the thread that emits.

    Raises:
        InvalidInput: ``no_tracer_provider``, no provider of the SDK is set up.

    Example:
        >>> exporter = OpenTelemetryExporter(tracer_provider)
        >>> step = StepCompleted(step_name="plan", status="succeeded", duration_ms=812.5, model="gpt-4o")
        >>> exporter(build(step))
        >>> finished_spans()[-1].name
        'chat gpt-4o'
    """

    def __init__(self, tracer_provider: TracerProvider | None = None) -> None:
        provider = tracer_provider or trace.get_tracer_provider()
        if not isinstance(provider, TracerProvider):
            raise InvalidInput(
                "there is no tracer provider of the OpenTelemetry SDK",
                reason="no_tracer_provider",
                detail=type(provider).__name__,
                hint="pass one, or set it with opentelemetry.trace.set_tracer_provider first",
            )
        self._tracer = provider.get_tracer("pylayer")
        if isinstance(self._tracer, Tracer):  # it is none when OTEL_SDK_DISABLED is set
            self._tracer.id_generator = _IdsOfTheEvent()

    def __call__(self, event: Event) -> None:
        """Export an event, if it is the end of a step.

        Raises:
            ValidationFailed: ``contract``, the step is not one that the database would store.
        """
        if event.event_name != StepCompleted.event_name or event.event_version != StepCompleted.event_version:
            return
        step = StepCompleted(**event.payload)
        end = _nanoseconds(event)
        token = _ids.set((trace_id_of(event.run_id or event.event_id), span_id_of(event.event_id)))
        try:
            span = self._tracer.start_span(
                step.step_name if step.model is None else f"chat {step.model}",
                context=_parent(event.metadata),
                kind=trace.SpanKind.INTERNAL if step.model is None else trace.SpanKind.CLIENT,
                attributes=_attributes(event, step),
                start_time=max(0, end - round(step.duration_ms * 1_000_000)),
            )
        finally:
            _ids.reset(token)
        if step.status == "failed":
            span.set_status(trace.Status(trace.StatusCode.ERROR, step.error))
        span.end(end)


def trace_id_of(run_id: str) -> int:
    """Return the trace id of a run: the 128 bits of a ULID, else the first 128 of the text's sha256.

    Example:
        >>> f"{trace_id_of('01KAJ6Z3G8PZ0R6T7Y9M4QWXYZ'):032x}"
        '019aa46f8e08b7c18368fe4d097e77df'
    """
    return int.from_bytes(_bytes_of(run_id)) or 1


def span_id_of(event_id: str) -> int:
    """Return the span id of an event: the last 64 bits of its ULID, which are random."""
    return int.from_bytes(_bytes_of(event_id)[8:]) or 1


_ids: ContextVar[tuple[int, int]] = ContextVar("pylayer_span_ids")


class _IdsOfTheEvent(IdGenerator):
    """Gives the span that is just started the ids of its event."""

    def generate_trace_id(self) -> int:
        return _ids.get()[0]

    def generate_span_id(self) -> int:
        return _ids.get()[1]


def _bytes_of(text: str) -> bytes:
    if _ULID.fullmatch(text):
        return ULID.from_str(text).bytes
    return hashlib.sha256(text.encode(errors="surrogatepass")).digest()[:16]


def _nanoseconds(event: Event) -> int:
    if event.ts is None:
        return ULID.from_str(event.event_id).milliseconds * 1_000_000
    ts = event.ts.replace(tzinfo=UTC) if event.ts.tzinfo is None else event.ts
    return (ts - _EPOCH) // _MICROSECOND * 1000


def _parent(metadata: Mapping[str, Any] | None) -> Context:
    """Return the context of a good ``traceparent``, else an empty one: not that of the thread that emits."""
    carrier = {
        name: value
        for name in ("traceparent", "tracestate")
        if metadata and isinstance(value := metadata.get(name), str)
    }
    return _W3C.extract(carrier, Context())


def _attributes(event: Event, step: StepCompleted) -> dict[str, str | int | float]:
    facts = step.facts()
    found = {name: facts.get(key) for key, name in _OF_PAYLOAD.items()}
    found |= {name: getattr(event, key) for key, name in _OF_EVENT.items()}
    if step.model is not None:
        found["gen_ai.operation.name"] = "chat"
    if step.status == "failed":
        error_type = facts.get("error_type")
        found["error.type"] = error_type if isinstance(error_type, str) else "_OTHER"
    return {name: value for name, value in found.items() if isinstance(value, str | int | float)}
