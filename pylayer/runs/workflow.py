"""`workflow`: makes a durable workflow of a function."""

from __future__ import annotations

import functools
import os
import socket
from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Any, overload

from pylayer.calls import Own, Plan, Runner
from pylayer.errors import Conflict, PylayerError, Retryable, Unavailable
from pylayer.ids import new_ulid
from pylayer.runs import calls
from pylayer.runs.encoding import encode, error_text
from pylayer.runs.models import Execution
from pylayer.runs.run import Run, Suspended, settled

if TYPE_CHECKING:
    from pylayer.client import AsyncClient, Client

__all__ = ["Workflow", "run_due", "workflow"]

# The run is not this attempt's any more: nothing can be recorded, and nothing is wrong with the run.
_LOST = frozenset({"stale_attempt", "run_ended", "run_not_running"})
_NOT_NOW = frozenset({"run_leased", "not_due", "run_ended", "deadline_passed"})


def _new_worker() -> str:
    """Return a name of its own for each call: two calls in one process take no run from each other."""
    return f"{socket.gethostname()}:{os.getpid()}:{new_ulid()}"


class Workflow:
    """A function whose runs survive the death of their process. Made by `workflow`.

    Attributes:
        workflow_id: its name in the database.
        version: selector of the registered version that its runs use; None is none.
        lease_seconds: how long a run of a dead process waits for another one; steps renew it.
        function: called with a `Run` and the inputs.
    """

    def __init__(
        self,
        function: Callable[[Run[Any], Any], Any],
        workflow_id: str,
        version: str | None,
        lease_seconds: int,
    ) -> None:
        self.__doc__ = function.__doc__
        self.workflow_id = workflow_id
        self.version = version
        self.lease_seconds = lease_seconds
        self.function = function

    @overload
    def run(
        self,
        client: Client,
        inputs: Any = None,
        *,
        run_id: str | None = None,
        parent_run_id: str | None = None,
        worker: str | None = None,
    ) -> Execution: ...
    @overload
    def run(
        self,
        client: AsyncClient,
        inputs: Any = None,
        *,
        run_id: str | None = None,
        parent_run_id: str | None = None,
        worker: str | None = None,
    ) -> Awaitable[Execution]: ...
    def run(
        self,
        client: Runner,
        inputs: Any = None,
        *,
        run_id: str | None = None,
        parent_run_id: str | None = None,
        worker: str | None = None,
    ) -> Any:
        """Start a run, and work on it until it has ended or waits. Safe to repeat with a ``run_id``.

        Args:
            client: an async one for an async function.
            inputs: what it starts with; None is ``{}``.
            run_id: its key; None makes a ULID.
            parent_run_id: the run that starts it, and with which it is cancelled.
            worker: who works on it; default a new name. A run is taken over at once by a worker of the same
                name, else when its lease has ended: name one that is restarted and never runs twice.

        Returns:
            The run as it is then: ``completed`` with its ``outputs``, ``waiting``, or as it had ended before.

        Raises:
            Exception: what the function raised: the run has failed with it.
            Conflict: ``run_leased`` (another worker has it), ``run_exists``, ``stale_attempt``.
        """
        return client.run(self._started(client, inputs, run_id or new_ulid(), parent_run_id, worker))

    @overload
    def resume(self, client: Client, run_id: str, *, worker: str | None = None) -> Execution: ...
    @overload
    def resume(
        self, client: AsyncClient, run_id: str, *, worker: str | None = None
    ) -> Awaitable[Execution]: ...
    def resume(self, client: Runner, run_id: str, *, worker: str | None = None) -> Any:
        """Take up a run that is due: go on where it was, until it has ended or waits.

        Raises:
            Exception: as `run`. NotFound: no such run.
            Conflict: ``run_leased``, ``not_due``, ``run_ended``, ``deadline_passed``.
        """
        return client.run(self.taken_up(client, run_id, worker))

    def _started(
        self, client: Runner, inputs: Any, run_id: str, parent_run_id: str | None, worker: str | None
    ) -> Plan[Execution]:
        found = yield from calls.start(self.workflow_id, inputs, run_id, self.version, parent_run_id)
        if found.has_ended:
            return found
        try:
            return (yield from self.taken_up(client, run_id, worker))
        except Conflict as error:
            if error.reason != "not_due":
                raise
            return (yield from calls.get(run_id))

    def taken_up(self, client: Runner, run_id: str, worker: str | None) -> Plan[Execution]:
        """Return the plan of `resume`."""
        claimed = yield from calls.claim(run_id, worker or _new_worker(), self.lease_seconds)
        known = (yield from calls.completed_steps(run_id)) if claimed.attempt > 1 else {}
        run: Run[Any] = Run(client, claimed, known)
        try:
            outputs = settled((yield from Own(functools.partial(self.function, run, claimed.inputs))))
            if not run.is_suspended:
                return (yield from calls.complete(run_id, claimed.attempt, encode(outputs)))
        except Suspended:
            pass
        except (Retryable, Unavailable):
            raise  # of the database, not of the run: it goes on when its lease has ended
        except Exception as error:
            reason = error.reason if isinstance(error, PylayerError) else None
            if reason not in _LOST:
                name = reason or type(error).__name__
                yield from calls.fail(run_id, claimed.attempt, error_text(error), name)
            raise
        return (yield from calls.get(run_id))

    def attempted(self, client: Runner, run_id: str, worker: str | None) -> Plan[Execution | None]:
        """Return the plan of `resume` that leaves to the run why it failed; None: somebody else has it."""
        try:
            return (yield from self.taken_up(client, run_id, worker))
        except Exception as error:
            if isinstance(error, Conflict) and error.reason in _NOT_NOW | _LOST:
                return None
            found = yield from calls.get(run_id)
            if not found.has_ended:
                raise  # no fault of the run's
            return found


def workflow(
    workflow_id: str, *, version: str | None = None, lease_seconds: int = 300
) -> Callable[[Callable[[Run[Any], Any], Any]], Workflow]:
    """Make a durable workflow of a function, or of an async one.

    Args:
        workflow_id: its name in the database, at most 200 bytes.
        version: selector of a version that `Workflows.save` registered, ``^1.2`` for example; None is none.
        lease_seconds: how long a run of a dead process waits for another one, 1 to 86,400; longer than a step
            takes, else another worker may begin the same step.

    Example:
        >>> @workflow("greeting")
        ... def greeting(run, inputs):
        ...     name = run.step("ask", lambda: inputs["name"].title())
        ...     return run.step("greet", lambda: f"Hello, {name}!")
        >>> greeting.run(client, {"name": "ada"}, run_id="greeting-1").outputs
        'Hello, Ada!'
    """
    return lambda function: Workflow(function, workflow_id, version, lease_seconds)


@overload
def run_due(
    client: Client, workflows: Iterable[Workflow], *, worker: str | None = None, limit: int = 10
) -> list[Execution]: ...
@overload
def run_due(
    client: AsyncClient, workflows: Iterable[Workflow], *, worker: str | None = None, limit: int = 10
) -> Awaitable[list[Execution]]: ...
def run_due(
    client: Runner, workflows: Iterable[Workflow], *, worker: str | None = None, limit: int = 10
) -> Any:
    """Take up the runs of these workflows that are due: pending, woken, or left by a process that died.

    Call it again and again, in as many processes as you like. A run that fails does not stop the others.

    Args:
        client: an async one for async functions.
        workflows: the workflows.
        worker: as `Workflow.run`.
        limit: most runs, 1 to 1,000; one after the other.

    Returns:
        The runs that were worked on, as they are then.
    """
    return client.run(_due(client, {known.workflow_id: known for known in workflows}, worker, limit))


def _due(
    client: Runner, workflows: dict[str, Workflow], worker: str | None, limit: int
) -> Plan[list[Execution]]:
    done: list[Execution] = []
    for found in (yield from calls.due(list(workflows), limit)):
        run = yield from workflows[found.workflow_id].attempted(client, found.run_id, worker)
        if run is not None:
            done.append(run)
    return done
