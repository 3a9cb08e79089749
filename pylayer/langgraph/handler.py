"""The callback handler that turns what LangGraph does into events.

LangChain catches and logs, in one line, what a handler raises, so nothing here reaches the graph. Handlers of
graphs within one another hear the same: a run belongs to the first to hear of it, and each end counts once.
"""

from __future__ import annotations

import logging
from asyncio import CancelledError
from collections.abc import Sequence
from datetime import UTC, datetime
from time import perf_counter, time
from typing import Any, Protocol
from uuid import UUID
from weakref import WeakKeyDictionary

from langchain_core.outputs import LLMResult
from langgraph.callbacks import GraphCallbackHandler, GraphInterruptEvent
from langgraph.constants import START
from langgraph.errors import GraphBubbleUp, ParentCommand
from langgraph.types import Command

from pylayer.client import AsyncClient, Client
from pylayer.events.context import MAX_ID_CHARACTERS, RunContext, current_context, given_context
from pylayer.events.models import Event
from pylayer.events.payloads import ItemStateChanged, StepCompleted
from pylayer.ids import new_ulid
from pylayer.langgraph.pauses import park, unpark
from pylayer.langgraph.punctuality import attend, dismiss
from pylayer.langgraph.recording import begin_session
from pylayer.langgraph.scopes import Attempt, Change, Run, Scope, adopt, find, span_at
from pylayer.langgraph.snapshots import snapshot, storable
from pylayer.langgraph.spans import Kind, OpenSpan, Outcome, root_span, step_path
from pylayer.langgraph.usage import ModelCall, read_call, usage_facts
from pylayer.models import PriceTable

__all__ = ["Reporter", "Sink"]

_log = logging.getLogger(__name__)

_STEP = StepCompleted.event_name
_STATE = ItemStateChanged.event_name
_ERROR_CHARACTERS = 2000
_CANCELLED = (CancelledError, GeneratorExit, KeyboardInterrupt)

# By its id: where it runs, the model's name in the request, its span; weak as the scopes are.
_model_calls: WeakKeyDictionary[UUID, tuple[Scope, str | None, OpenSpan | None]] = WeakKeyDictionary()


class Sink(Protocol):
    """What an emitter has to offer."""

    def emit(self, event: Event, /) -> str:
        """Take an event and return its id."""
        ...

    def prices(self) -> PriceTable:
        """Return the prices of the models."""
        ...


class Reporter(GraphCallbackHandler):
    """Reports the runs of one instrumented graph.

    Args:
        settings: what `instrument` was given.
        name: the graph's own.
        emitter: where events go; None is the default emitter at that time.
        executions: where runs are recorded as executions; None: they are not.
    """

    run_inline = True  # in the graph's own thread: in order, and without the way to another one

    def __init__(
        self,
        settings: RunContext,
        name: str,
        emitter: Sink | None,
        executions: Client | AsyncClient | None = None,
    ) -> None:
        self._settings = settings
        self._name = name
        self._given_emitter = emitter
        self._executions = executions

    def on_chain_start(
        self,
        serialized: dict[str, Any] | None,
        inputs: Any,
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        metadata: dict[str, Any] | None = None,
        name: str | None = None,
        **_: Any,
    ) -> None:
        """Begin a run, an attempt of a node, or something inside of one."""
        metadata = metadata or {}
        parent = find(parent_run_id)
        if parent is None:
            if find(run_id) is None:
                self._begin_run(run_id, inputs, metadata)
            return
        node: str | None = metadata.get("langgraph_node")
        namespace: str | None = metadata.get("langgraph_checkpoint_ns")
        around = span_at(parent_run_id)
        if node is None or node == START or namespace == parent.namespace:
            adopt(run_id, parent, around and around.inner(run_id.int, name, is_kept=False))
            return
        given = given_context()
        context = parent.context if given is parent.given else given  # a run_context in the node goes first
        role = metadata.get("agent_role")
        if role is not None and role != context.agent_role:
            context = context.with_changes(agent_role=_text(role))
        attempt = Attempt(run_id.int, namespace, given, context, node, parent)
        span = around and around.attempt(run_id.int, node, step_path(node, metadata, around.step))
        adopt(run_id, attempt, span)

    def on_chain_end(self, outputs: Any, *, run_id: UUID, **_: Any) -> None:
        """Report the end of an attempt or of a run."""
        _end(run_id, None, outputs)

    def on_chain_error(self, error: BaseException, *, run_id: UUID, **_: Any) -> None:
        """Report the failure of an attempt or of a run, unless it only carries a command or an interrupt."""
        _end(run_id, error)

    def on_interrupt(self, event: GraphInterruptEvent) -> None:
        """Note that the run ends only to be resumed."""
        if event.run_id is not None and isinstance(run := find(event.run_id), Run):
            run.interrupted = run.opened_by == event.run_id.int

    def on_tool_start(
        self,
        serialized: dict[str, Any] | None,
        *_: Any,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        **more: Any,
    ) -> None:
        """Note where a tool runs."""
        _begin_inside(run_id, parent_run_id, _name(serialized, more), "tool")

    def on_retriever_start(
        self,
        serialized: dict[str, Any] | None,
        *_: Any,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        **more: Any,
    ) -> None:
        """Note where a retriever runs."""
        _begin_inside(run_id, parent_run_id, _name(serialized, more), "retrieval")

    def on_tool_end(self, *_: Any, run_id: UUID, **__: Any) -> None:
        """End the span of a tool or a retriever."""
        _end(run_id, None)

    on_retriever_end = on_tool_end

    def on_tool_error(self, error: BaseException, *, run_id: UUID, **_: Any) -> None:
        """End the span of a tool or a retriever that failed."""
        _end(run_id, error)

    on_retriever_error = on_tool_error

    def on_llm_start(
        self,
        serialized: dict[str, Any] | None,
        *_: Any,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        metadata: dict[str, Any] | None = None,
        **more: Any,
    ) -> None:
        """Note where a model is called."""
        if scope := find(parent_run_id):
            requested = (metadata or {}).get("ls_model_name")
            around = span_at(parent_run_id)
            name = _name(serialized, more) or requested
            span = around and around.inner(run_id.int, name, "llm", is_kept=True)
            _model_calls[run_id] = (scope, requested, span)

    on_chat_model_start = on_llm_start

    def on_llm_end(self, response: LLMResult, *, run_id: UUID, **_: Any) -> None:
        """Charge a model call to the attempt that it ran in, once."""
        scope, requested, span = _model_calls.pop(run_id, (None, None, None))
        if scope is None:
            return
        if (call := read_call(response, requested)) is not None:
            scope.charge(call)
        if span is not None:
            span.end(None, call=call)

    def on_llm_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        """Charge what a failed model call says that it used."""
        scope, requested, span = _model_calls.pop(run_id, (None, None, None))
        if scope is None:
            return
        response = kwargs.get("response")
        call = read_call(response, requested) if isinstance(response, LLMResult) else None
        if call is not None and call.usage is not None:
            scope.charge(call)
        if span is not None:
            span.end(_describe(error), call=call)

    def _begin_run(self, run_id: UUID, inputs: Any, metadata: dict[str, Any]) -> None:
        around = current_context()
        settings = self._settings
        workflow = settings.workflow_name or around.workflow_name or _text(self._name)
        namespace: str | None = metadata.get("langgraph_checkpoint_ns")
        thread = _text(metadata.get("thread_id"))
        place = None if thread is None else (workflow or "", thread, namespace or "")
        chosen = around.run_id or _text(metadata.get("run_id"))
        resumes = inputs is None or isinstance(inputs, Command)
        before = unpark(place)  # new input ends the wait of the thread, too: that run is never resumed
        if before is not None and not ((resumes or namespace) and chosen in {None, before.context.run_id}):
            before = None
        context = around.with_changes(
            run_id=before.context.run_id if before else chosen or new_ulid(),
            item_id=settings.item_id,
            workflow_name=workflow,
            agent_role=settings.agent_role,
        )
        run = Run(run_id.int, namespace, given_context(), context, place=place, send=self._send)
        root = None
        if self._executions is not None:
            run.session = begin_session(self._executions, context, thread, inputs, self._prices)
            root = run.session and root_span(run_id.int, workflow, run.session.keep)
        adopt(run_id, run, root)
        attend(run)
        if before is not None:
            run.started = before.started
            run.calls = before.calls
        elif not (resumes and chosen):  # else another process began it
            _change_state(run, None, "running")

    def _send(self, report: Attempt | Change) -> None:
        """Emit an event; what goes wrong is a log line."""
        try:
            context = report.context
            if isinstance(report, Attempt):
                event = _event(_STEP, report.ended_at, self._step(report), context, context.item_id)
            else:
                event = _event(_STATE, report.at, self._change(report), context, context.run_id)
            self._emitter().emit(event)
        except Exception as error:
            _log.warning("An event of a graph could not be emitted: %r", error)

    def _step(self, attempt: Attempt) -> dict[str, Any]:
        facts: dict[str, Any] = {
            "step_name": attempt.step_name,
            "status": "succeeded" if attempt.error is None else "failed",
            "duration_ms": round(attempt.seconds * 1000, 3),
            "retry_count": attempt.retry_count,
        }
        if attempt.error is not None:
            facts["error"] = attempt.error
        return facts | usage_facts(attempt.calls, self._prices)

    def _change(self, change: Change) -> dict[str, Any]:
        usage = usage_facts(change.calls, self._prices)
        return change.facts | {"usage_outside_steps": usage} if usage else change.facts

    def _emitter(self) -> Sink:
        if self._given_emitter is not None:
            return self._given_emitter
        from pylayer.emitter import default_emitter

        return default_emitter()

    def _prices(self) -> PriceTable:
        try:
            return self._emitter().prices()
        except Exception as error:  # the step counts more than its price
            _log.warning("The prices of models are not known, so the cost of a step is left out: %s", error)
            return PriceTable([])


def _event(
    event_name: str, at: float, facts: dict[str, Any], context: RunContext, item_id: str | None
) -> Event:
    return Event(
        event_id=new_ulid(int(at * 1000)),
        event_name=event_name,
        payload=facts,
        ts=datetime.fromtimestamp(at, UTC),
        run_id=context.run_id,
        item_id=item_id,
        workflow_name=context.workflow_name,
        agent_role=context.agent_role,
        project_id=context.project_id,
    )


def _begin_inside(run_id: UUID, parent_run_id: UUID | None, name: str | None, kind: Kind) -> None:
    if scope := find(parent_run_id):
        around = span_at(parent_run_id)
        adopt(run_id, scope, around and around.inner(run_id.int, name, kind, is_kept=True))


def _end(run_id: UUID, error: BaseException | None, outputs: Any = None) -> None:
    scope = find(run_id)
    if scope is None:
        return
    is_other = scope.closed or scope.opened_by != run_id.int
    if (span := span_at(run_id)) is not None:
        span.end(_failure(error), None if is_other or isinstance(scope, Run) else _outcome(error))
    if is_other:
        return
    scope.closed = True
    if isinstance(scope, Run):
        _end_run(scope, error, outputs)
    elif isinstance(error, GraphBubbleUp):
        scope.hand_over()
    else:
        _end_attempt(scope, error)


def _end_attempt(attempt: Attempt, error: BaseException | None) -> None:
    attempt.seconds = perf_counter() - attempt.started
    attempt.ended_at = time()
    if error is not None:
        attempt.parent.failures[attempt.namespace] = attempt.retry_count + 1
        attempt.error = _describe(error)
    run = attempt.run
    run.reports.append(attempt)
    if run.closed:
        run.flush()


def _end_run(run: Run, error: BaseException | None, outputs: Any) -> None:
    if isinstance(error, ParentCommand):  # it hands over to a graph that is not instrumented
        error = None
    if run.interrupted or isinstance(error, GraphBubbleUp):
        park(run)
        if run.session is not None:
            run.session.finish("waiting")
    elif error is None:
        _change_state(run, "running", "completed", outputs)
    else:
        state = "cancelled" if isinstance(error, _CANCELLED) else "failed"
        _change_state(run, "running", state, reason=_describe(error))
    dismiss(run)
    run.flush()


def _change_state(run: Run, before: str | None, now: str, outputs: Any = None, **facts: Any) -> None:
    """Report a change of a run's state, or have it recorded where that stores the event."""
    if run.session is not None:
        if before is not None:
            reason: str | None = facts.get("reason")
            run.session.finish(now, outputs=snapshot(outputs), error=reason, reason=reason)
        return
    facts |= {"item_type": "workflow_run", "from_state": before, "to_state": now}
    calls: Sequence[ModelCall] = ()
    if before is not None:
        facts["time_in_state_seconds"] = round(perf_counter() - run.started, 3)
        calls = run.calls
    run.reports.append(Change(run.context, time(), facts, calls))


def _failure(error: BaseException | None) -> str | None:
    return None if error is None or isinstance(error, GraphBubbleUp) else _describe(error)


def _outcome(error: BaseException | None) -> Outcome:
    if error is None or isinstance(error, ParentCommand):
        return "completed"
    return "waiting" if isinstance(error, GraphBubbleUp) else "failed"


def _name(serialized: dict[str, Any] | None, more: dict[str, Any]) -> str | None:
    """Return what a model, tool or retriever is called."""
    known = serialized or {}
    return more.get("name") or known.get("name") or (known.get("id") or [None])[-1]


def _text(value: object) -> str | None:
    return None if value is None else str(value)[:MAX_ID_CHARACTERS]


def _describe(error: BaseException) -> str:
    """Return the error's type and text, fit to be stored as text."""
    name = type(error).__name__
    try:
        text = str(error)
    except Exception:
        return name
    if not text or isinstance(error, CancelledError):  # which says, at most, which object cancelled it
        return name
    return storable(f"{name}: {text}", _ERROR_CHARACTERS)
