"""Spans of recorded runs: calls of graphs, attempts of nodes, calls of models, tools and retrievers."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from time import perf_counter, time
from typing import Any, Literal

from pylayer.langgraph.snapshots import storable
from pylayer.langgraph.usage import ModelCall
from pylayer.models import PriceTable
from pylayer.runs import AttemptSpan, Span

__all__ = ["Kind", "OpenSpan", "Outcome", "root_span", "step_path"]

Kind = Literal["llm", "tool", "retrieval", "agent"]
Outcome = Literal["completed", "failed", "waiting"]

_NAME_CHARACTERS = 500
_STEP_BYTES = 500
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class OpenSpan:
    """Something that runs in a recorded run, until it has ended.

    Attributes:
        span_id: LangChain's id of it.
        around: what it runs in; None for the call of the graph.
        name: what is called.
        kind: what it is.
        step: path of the step that it belongs to; None outside of steps.
        is_kept: whether it becomes a span. A plain runnable does not; a graph does once a node runs.
        has_ended: whether it ended.
        outcome: of an attempt of a step.
        error: why it failed.
        call: what a model used.
    """

    __slots__ = (
        "around",
        "call",
        "error",
        "has_ended",
        "is_kept",
        "keep",
        "kind",
        "name",
        "outcome",
        "seconds",
        "span_id",
        "started",
        "started_at",
        "step",
    )

    def __init__(  # noqa: PLR0917 - keywords cost time, and this runs between two nodes
        self,
        span_id: int,
        around: OpenSpan | None,
        name: str | None,
        kind: Kind,
        is_kept: bool,
        keep: Callable[[OpenSpan], None],
    ) -> None:
        self.span_id = span_id  # not the UUID itself, whose end is the end of its entry in _places
        self.around = around
        self.name = name
        self.kind: Kind = kind
        self.step: str | None = None if around is None else around.step
        self.is_kept = is_kept
        self.keep = keep
        self.has_ended = False
        self.outcome: Outcome | None = None
        self.error: str | None = None
        self.call: ModelCall | None = None
        self.started_at = time()
        self.started = perf_counter()
        self.seconds = 0.0

    def inner(self, span_id: int, name: str | None, kind: Kind = "agent", *, is_kept: bool) -> OpenSpan:
        """Begin something inside."""
        return OpenSpan(span_id, self, name, kind, is_kept, self.keep)

    def attempt(self, span_id: int, node: str, step: str) -> OpenSpan:
        """Begin an attempt of a node of the graph, or of the task, that this is."""
        self.is_kept = True
        begun = self.inner(span_id, node, is_kept=True)
        begun.step = step
        return begun

    def end(self, error: str | None, outcome: Outcome | None = None, call: ModelCall | None = None) -> None:
        """Note how it ended, once."""
        if self.has_ended:
            return
        self.has_ended = True
        self.seconds = perf_counter() - self.started
        self.error = error
        self.outcome = outcome
        self.call = call
        if self.is_kept:
            self.keep(self)

    def document(self, prices: Callable[[], PriceTable]) -> Span:
        """Return it as it is stored; prices are asked where a model told what it used."""
        around = self.around
        while around is not None and not around.is_kept:
            around = around.around
        began = _EPOCH + timedelta(seconds=self.started_at)
        facts: dict[str, Any] = {
            "span_id": f"{self.span_id:032x}",
            "parent_span_id": None if around is None else f"{around.span_id:032x}",
            "name": storable(self.name or "", _NAME_CHARACTERS) or self.kind,
            "kind": self.kind,
            "step_name": self.step,
            "status": "ok" if self.error is None else "error",
            "error": self.error,
            "started_at": began,
            "ended_at": began + timedelta(seconds=self.seconds),
        }
        if self.call is not None:
            facts |= _usage(self.call, prices)
        if self.outcome is None:
            return Span(**facts)
        return AttemptSpan(outcome=self.outcome, **facts)


def root_span(span_id: int, name: str | None, keep: Callable[[OpenSpan], None]) -> OpenSpan:
    """Begin the span of a call of a graph; it and all inside of it are given to ``keep`` when they end."""
    return OpenSpan(span_id, None, name, "agent", True, keep)


def step_path(node: str, metadata: dict[str, Any], around: str | None) -> str:
    """Return the name of a step, which is the same after a resumption in another process.

    It is the node with the number of its super-step, as ``plan#1``; with the place among those that were sent
    in it, as ``work#2.0``; and inside of other steps with their path, as ``research#3/search#1``.
    """
    path: Any = metadata.get("langgraph_path") or ()
    places = [part for part in path if type(part) is int]
    number = f"#{metadata.get('langgraph_step')}" + "".join(f".{place}" for place in places[:1])
    calls = _repeated_calls(metadata.get("langgraph_checkpoint_ns"))
    name = f"{node}{number}" if around is None else f"{around}/{calls}{node}{number}"
    name = storable(name, len(name))
    if len(encoded := name.encode()) <= _STEP_BYTES:
        return name
    digest = hashlib.sha256(encoded).hexdigest()[:16]
    return f"{encoded[: _STEP_BYTES - 17].decode(errors='ignore')}~{digest}"


def _repeated_calls(namespace: Any) -> str:
    """Return what tells the second call of a graph in the same node from the first: LangGraph counts them."""
    parts = str(namespace or "").split("|")
    return f"{parts[-2]}/" if len(parts) > 1 and parts[-2].isdigit() else ""


def _usage(call: ModelCall, prices: Callable[[], PriceTable]) -> dict[str, Any]:
    model, usage = call.priced(prices() if call.usage else PriceTable([]))
    facts: dict[str, Any] = {} if model is None else {"model": storable(model, _NAME_CHARACTERS)}
    if usage is not None:
        facts |= {
            "input_tokens": usage.input_tokens,
            "cached_input_tokens": usage.cached_input_tokens,
            "output_tokens": usage.output_tokens,
            "cost_usd": usage.cost_usd_est,
        }
    return facts
