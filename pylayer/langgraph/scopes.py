"""Where in a graph something runs: in which run, and in which attempt of which node."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from threading import Lock
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID
from weakref import ref

from langchain_core.runnables.config import var_child_runnable_config

from pylayer.events.context import RunContext
from pylayer.langgraph.usage import ModelCall

if TYPE_CHECKING:
    from pylayer.langgraph.recording import Session
    from pylayer.langgraph.spans import OpenSpan

__all__ = ["Attempt", "Change", "Run", "Scope", "adopt", "find", "locate", "span_at"]


class Change(NamedTuple):
    """A run's change of state.

    Attributes:
        context: what its event is correlated by, but for the item, which is the run.
        at: when it happened, in seconds since 1970.
        facts: its payload.
        calls: model calls that no step reports.
    """

    context: RunContext
    at: float
    facts: dict[str, Any]
    calls: Sequence[ModelCall]


class Scope:
    """A run of a graph, or an attempt of a node in it; all that runs inside belongs to it.

    Attributes:
        opened_by: LangChain's id of the run that it is, as a number.
        namespace: LangGraph's checkpoint namespace, which each task has of its own; its retries share it.
        given: the caller's `run_context`, where the scope began.
        context: what events from inside are correlated by.
        started: `perf_counter` at its start.
        calls: model calls that ended inside and that no other scope reports.
        failures: failed attempts of the tasks inside, by namespace.
        closed: whether it ended.
    """

    __slots__ = ("calls", "closed", "context", "failures", "given", "namespace", "opened_by", "started")

    def __init__(self, opened_by: int, namespace: str | None, given: RunContext, context: RunContext) -> None:
        self.opened_by = opened_by  # not the UUID itself, whose end is the end of its entry in _places
        self.namespace = namespace
        self.given = given
        self.context = context
        self.calls: list[ModelCall] = []
        self.failures: dict[str | None, int] = {}
        self.closed = False
        self.started = perf_counter()

    def charge(self, call: ModelCall) -> None:
        """Note a model call that ended inside."""
        self.calls.append(call)


class Run(Scope):
    """A run of an instrumented graph.

    Attributes:
        place: what a resumption has in common with the run that was interrupted; None: it can't be resumed.
        interrupted: whether it waits to be resumed.
        reports: ended attempts and changes that are to be emitted, in the order in which they happened.
        session: what records it as an execution; None where that was not asked for.
    """

    __slots__ = ("_send", "_sending", "interrupted", "place", "reports", "session")

    def __init__(
        self,
        opened_by: int,
        namespace: str | None,
        given: RunContext,
        context: RunContext,
        *,
        place: tuple[str, ...] | None,
        send: Callable[[Attempt | Change], None],
    ) -> None:
        super().__init__(opened_by, namespace, given, context)
        self.place = place
        self.interrupted = False
        self.reports: deque[Attempt | Change] = deque()
        self.session: Session | None = None
        self._send = send
        self._sending = Lock()

    def flush(self) -> None:
        """Emit what was reported."""
        with self._sending:
            while self.reports:
                self._send(self.reports.popleft())
        if self.session is not None:
            self.session.wake()


class Attempt(Scope):
    """An attempt of a node.

    Attributes:
        step_name: the node.
        parent: the attempt or run around it.
        run: the run that it belongs to.
        retry_count: attempts of the same task before this one.
        ended_at: when it ended, in seconds since 1970.
        seconds: how long it took.
        error: why it failed; None for a success.
    """

    __slots__ = ("ended_at", "error", "parent", "retry_count", "run", "seconds", "step_name")

    def __init__(  # noqa: PLR0917 - keywords cost time, and this runs between two nodes
        self,
        opened_by: int,
        namespace: str | None,
        given: RunContext,
        context: RunContext,
        step_name: str,
        parent: Run | Attempt,
    ) -> None:
        super().__init__(opened_by, namespace, given, context)
        self.step_name = step_name
        self.parent = parent
        self.run: Run = parent.run if isinstance(parent, Attempt) else parent
        self.retry_count = parent.failures.get(namespace, 0)
        self.ended_at = self.seconds = 0.0
        self.error: str | None = None

    def charge(self, call: ModelCall) -> None:
        """Note a model call; one that outlives the attempt counts in what is around it."""
        if self.closed:
            self.parent.charge(call)
        else:
            self.calls.append(call)

    def hand_over(self) -> None:
        """Let what is around it report the model calls of this attempt, which reports nothing."""
        for call in self.calls:
            self.parent.charge(call)


class _Place(ref[UUID]):
    """Where a run of LangChain is, as long as its UUID lives, and its span where these are recorded."""

    __slots__ = ("number", "scope", "span")

    number: int
    scope: Run | Attempt
    span: OpenSpan | None


# The UUID that names a run lives in the run's manager, in its children and in the contexts made inside, so an
# entry goes when nothing can come from the run any more: also when LangChain never says that it ended.
_places: dict[int, _Place] = {}


def _forget(place: Any) -> None:
    _places.pop(place.number, None)
    if place.scope.opened_by == place.number:
        place.scope.closed = True


def find(run_id: UUID | None) -> Run | Attempt | None:
    """Return the scope that a run of LangChain is in."""
    if run_id is None or (place := _places.get(run_id.int)) is None:
        return None
    return place.scope


def span_at(run_id: UUID | None) -> OpenSpan | None:
    """Return the span of a run of LangChain; None where spans are not recorded."""
    if run_id is None or (place := _places.get(run_id.int)) is None:
        return None
    return place.span


def adopt(run_id: UUID, scope: Run | Attempt, span: OpenSpan | None = None) -> None:
    """Note which scope a run of LangChain is in."""
    place = _Place(run_id, _forget)
    place.number = run_id.int
    place.scope = scope
    place.span = span
    _places[place.number] = place


def locate(given: RunContext) -> RunContext:
    """Return the context of the node that calls, unless a `run_context` inside of it gives one."""
    config: Any = var_child_runnable_config.get()
    if config is None:
        return given
    scope = find(getattr(config.get("callbacks"), "parent_run_id", None))
    return given if scope is None or scope.given is not given else scope.context
