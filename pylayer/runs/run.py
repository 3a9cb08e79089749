"""`Run`: what a workflow function gets, to record its steps and to wait."""

from __future__ import annotations

import functools
import inspect
import json
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Generator
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from pylayer.calls import Namespace, Own, Plan, R, Runner, Work, operation
from pylayer.runs import calls
from pylayer.runs.encoding import encode, error_text
from pylayer.runs.models import Execution, Step

if TYPE_CHECKING:
    from pylayer.runs.workflow import Workflow

__all__ = ["ChildFailed", "Run", "Suspended"]

# The run and the step whose function is being called.
_around: ContextVar[tuple[object, str] | None] = ContextVar("_around", default=None)


class Suspended(Exception):
    """Ends a workflow function whose run waits. Let it pass: the function is called again once it is due."""


class ChildFailed(Exception):
    """A child has failed or was cancelled; says which, and why."""


class Run(Namespace[R]):
    """One attempt of a run. Its methods return results in a function, and awaitables in an async function.

    The function is called anew each time that the run is taken up: what it does outside of steps must lead
    to the same steps again. A name that is used again gets a number: ``fetch``, ``fetch#2``, ...
    Steps inside the function of another are named after it: ``build/fetch``.

    Attributes:
        run_id: the run.
        attempt: how often it was claimed.
        worker: who works on it.
        is_suspended: whether it waits.
    """

    def __init__(self, runner: Runner, execution: Execution, outputs: dict[str, Any]) -> None:
        super().__init__(runner)
        self.run_id = execution.run_id
        self.attempt = execution.attempt
        self.worker = execution.worker
        self.is_suspended = False
        self._outputs = outputs
        self._names: Counter[str] = Counter()

    @operation
    def step(self, name: str, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Plan[Any]:
        """Call a function, once: its result is recorded, and returned without a call from then on.

        Killed between the call and the record, the step is called again; killed after it, never. One that
        raised is called again each time that the run is taken up, also where the function caught its error.

        Args:
            name: of the step.
            function: called with the other arguments; in an async workflow an async one is awaited, another
                runs in a thread.

        Returns:
            The result as JSON gives it back: a tuple as a list, a model as a dict.

        Raises:
            Conflict: the run is somebody else's by now, has ended, or is past its deadline.
        """
        name = self._next(name)
        if name in self._outputs:
            return self._outputs[name]
        start = time.perf_counter()
        try:
            output = encode((yield from _outcome((self, name), functools.partial(function, *args, **kwargs))))
        except Suspended:
            raise
        except Exception as error:
            yield from calls.fail_step(self.run_id, self.attempt, name, error_text(error), _ms_since(start))
            raise
        yield from calls.complete_step(self.run_id, self.attempt, name, output, duration_ms=_ms_since(start))
        self._outputs[name] = json.loads(output)
        return self._outputs[name]

    @operation
    def sleep(self, seconds: float, *, name: str = "sleep") -> Plan[None]:
        """Wait, in the database: no process has to stay, and a restart does not begin the wait anew.

        Args:
            seconds: how long, from the first call on.
            name: of the step.
        """
        name = self._next(name)
        if name not in self._outputs:
            until = datetime.now(UTC) + timedelta(seconds=seconds)
            self._waited((yield from calls.sleep_until(self.run_id, self.attempt, name, until)))

    @operation
    def wait_for(
        self, event_name: str, *, timeout_seconds: float | None = None, name: str | None = None
    ) -> Plan[Any]:
        """Wait for an event that `Executions.emit_signal` sends to this run.

        Args:
            event_name: the event.
            timeout_seconds: how long, from the first call on; None is for ever.
            name: of the step; default ``wait_for`` and the event.

        Returns:
            What the event brought; None when the time ran out.
        """
        name = self._next(name or f"wait_for {event_name}")
        if name not in self._outputs:
            step = yield from calls.await_event(self.run_id, self.attempt, name, event_name, timeout_seconds)
            self._waited(step)
        return self._outputs[name]

    @operation
    def child(self, workflow: Workflow, inputs: Any = None, *, name: str | None = None) -> Plan[Any]:
        """Start a run of a workflow below this one, work on it, and wait for its end.

        Where the child waits this run waits too, until somebody has taken up the child and brought it to its
        end. The child's id is this run's and the step's name: ``release-1/build``.

        Args:
            workflow: its workflow.
            inputs: what it starts with.
            name: of the step; default the name of the workflow.

        Returns:
            The child's outputs.

        Raises:
            ChildFailed: it has failed or was cancelled; `Executions.retry` it and this run to go on.
            Conflict: as `step`.
        """
        name = self._next(name or workflow.workflow_id)
        if name not in self._outputs:
            child_id = f"{self.run_id}/{name}"
            found = yield from calls.start(
                workflow.workflow_id, inputs, child_id, workflow.version, self.run_id
            )
            if not found.has_ended:
                yield from workflow.attempted(self._runner, child_id, self.worker)
            step = yield from calls.await_execution(self.run_id, self.attempt, name, child_id)
            if step.status == "failed":
                raise ChildFailed(step.error)
            self._waited(step)
        return self._outputs[name]

    def _next(self, name: str) -> str:
        """Return the step's name in this run, the same in each attempt."""
        if self.is_suspended:
            raise Suspended
        run, outer = _around.get() or (None, "")
        if run is self:
            name = f"{outer}/{name}"
        self._names[name] += 1
        return name if self._names[name] == 1 else f"{name}#{self._names[name]}"

    def _waited(self, step: Step) -> None:
        if step.status != "completed":
            self.is_suspended = True
            raise Suspended
        self._outputs[step.step_name] = step.output


class _Within:
    """An awaitable that is awaited inside a step."""

    def __init__(self, around: tuple[object, str], pending: Awaitable[Any]) -> None:
        self._around = around
        self._pending = pending

    def __await__(self) -> Generator[Any, Any, Any]:
        token = _around.set(self._around)
        try:
            return (yield from self._pending.__await__())
        finally:
            _around.reset(token)

    def close(self) -> None:
        """Give up what is not going to be awaited."""
        cast("Coroutine[Any, Any, Any]", self._pending).close()


def _within(around: tuple[object, str], function: Callable[[], Any]) -> Any:
    token = _around.set(around)
    try:
        return function()
    finally:
        _around.reset(token)


def _outcome(around: tuple[object, str], function: Callable[[], Any]) -> Plan[Any]:
    """Call a step's function: an async one where the plan runs, another in a thread of an async client."""
    if inspect.iscoroutinefunction(function):
        result = yield from Own(lambda: _Within(around, function()))
    else:
        result = yield from Work(lambda: _within(around, function))
        if inspect.isawaitable(result):  # a lambda around a call of an async function
            pending = result
            result = yield from Own(lambda: _Within(around, pending))
    return settled(result)


def settled(result: Any) -> Any:
    """Return a result; an awaitable that nobody awaits is refused.

    Raises:
        TypeError: an async function was given to a sync client.
    """
    if inspect.isawaitable(result):
        cast("Coroutine[Any, Any, Any]", result).close()
        raise TypeError("an async function needs a client of pylayer.connect_async")
    return result


def _ms_since(start: float) -> int:
    return round((time.perf_counter() - start) * 1000)
