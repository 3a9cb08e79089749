"""`Run`: what a workflow function gets, to record its steps and to wait."""

from __future__ import annotations

import functools
import inspect
import json
import time
from collections import Counter
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from pylayer.calls import Namespace, Own, Plan, R, Runner, Work, operation
from pylayer.runs import calls
from pylayer.runs.encoding import encode, error_text
from pylayer.runs.models import Execution, Step

__all__ = ["Run", "Suspended"]


class Suspended(Exception):
    """Ends a workflow function whose run waits. Let it pass: the function is called again once it is due."""


class Run(Namespace[R]):
    """One attempt of a run. Its methods return results in a function, and awaitables in an async function.

    The function is called anew each time that the run is taken up: what it does outside of steps must lead
    to the same steps again. A name that is used again gets a number: ``fetch``, ``fetch#2``, ...

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

        Killed between the call and the record, the step is called again; killed after it, never.

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
            output = encode((yield from _outcome(functools.partial(function, *args, **kwargs))))
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

    def _next(self, name: str) -> str:
        """Return the step's name in this run, the same in each attempt."""
        if self.is_suspended:
            raise Suspended
        self._names[name] += 1
        return name if self._names[name] == 1 else f"{name}#{self._names[name]}"

    def _waited(self, step: Step) -> None:
        if step.status != "completed":
            self.is_suspended = True
            raise Suspended
        self._outputs[step.step_name] = step.output


def _outcome(function: Callable[[], Any]) -> Plan[Any]:
    """Call a function: an async one where the plan runs, another in a thread of an async client."""
    if inspect.iscoroutinefunction(function):
        result = yield from Own(function)
    else:
        result = yield from Work(function)
        if inspect.isawaitable(result):  # a lambda around a call of an async function
            pending = result
            result = yield from Own(lambda: pending)
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
