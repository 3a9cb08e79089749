"""Which run, item, workflow and agent the events of a block of code belong to."""

from __future__ import annotations

import functools
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

from pylayer.errors import InvalidInput

__all__ = [
    "MAX_ID_CHARACTERS",
    "RunContext",
    "bind",
    "current_context",
    "given_context",
    "locate_with",
    "run_context",
]

MAX_ID_CHARACTERS = 500  # telemetry.check_events refuses longer ones

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RunContext:
    """What events are correlated by; None is not known.

    Attributes:
        run_id: workflow run, free text.
        item_id: work item, free text such as ``INFR-001``.
        workflow_name: workflow, free text.
        agent_role: role of the agent that reports, free text.
        project_id: project, free text.
    """

    run_id: str | None = None
    item_id: str | None = None
    workflow_name: str | None = None
    agent_role: str | None = None
    project_id: str | None = None

    def with_changes(
        self,
        run_id: str | None = None,
        item_id: str | None = None,
        workflow_name: str | None = None,
        agent_role: str | None = None,
        project_id: str | None = None,
    ) -> RunContext:
        """Return this context with the given values in place of its own; None keeps a value."""
        if run_id is item_id is workflow_name is agent_role is project_id is None:
            return self
        return RunContext(
            self.run_id if run_id is None else _checked("run_id", run_id),
            self.item_id if item_id is None else _checked("item_id", item_id),
            self.workflow_name if workflow_name is None else _checked("workflow_name", workflow_name),
            self.agent_role if agent_role is None else _checked("agent_role", agent_role),
            self.project_id if project_id is None else _checked("project_id", project_id),
        )


_current: ContextVar[RunContext] = ContextVar("pylayer_run_context")
_NOTHING = RunContext()
_locator: Callable[[RunContext], RunContext] | None = None


def current_context() -> RunContext:
    """Return what surrounds the caller; None outside of `run_context` and instrumented graphs."""
    given = _current.get(_NOTHING)
    return given if _locator is None else _locator(given)


def given_context() -> RunContext:
    """Return what the innermost `run_context` says, without what `locate_with` adds to it."""
    return _current.get(_NOTHING)


def locate_with(locator: Callable[[RunContext], RunContext]) -> None:
    """Let a framework that knows where the caller runs, as in a node of a graph, answer `current_context`.

    Args:
        locator: gets `given_context`, and returns it, or what holds inside of it.
    """
    global _locator  # noqa: PLW0603 - one per process
    _locator = locator


@contextmanager
def run_context(
    *,
    run_id: str | None = None,
    item_id: str | None = None,
    workflow_name: str | None = None,
    agent_role: str | None = None,
    project_id: str | None = None,
) -> Generator[RunContext]:
    """Correlate the events that the ``with`` block builds.

    Blocks nest: what an inner one gives overrides, what it leaves out is inherited. Coroutines, asyncio
    tasks and `asyncio.to_thread` started inside inherit it; what another thread runs is wrapped by `bind`.
    A generator should not yield inside the block: Python gives a generator no context of its own, so its
    consumer would see the block's.

    Args:
        run_id, item_id, workflow_name, agent_role, project_id: free text of at most 500 characters.

    Raises:
        InvalidInput: ``invalid_field``, a value that is no string or too long.

    Example:
        >>> with run_context(run_id="run-1", workflow_name="nightly"):
        ...     with run_context(agent_role="reviewer") as context:
        ...         (context.run_id, context.agent_role)
        ('run-1', 'reviewer')
        >>> current_context().run_id is None
        True
    """
    inner = current_context().with_changes(run_id, item_id, workflow_name, agent_role, project_id)
    token = _current.set(inner)
    try:
        yield inner
    finally:
        # An abandoned asynchronous generator is closed by another task, whose context never had the value.
        with suppress(ValueError):
            _current.reset(token)


def bind(function: Callable[P, T]) -> Callable[P, T]:
    """Return ``function`` so that it runs in the caller's run context, in whatever thread it is called.

    Threads and thread pools don't inherit the context of the code that starts them. Unlike
    `contextvars.copy_context`, the result may run in several threads at once.

    Example:
        >>> from concurrent.futures import ThreadPoolExecutor
        >>> def where(step: str) -> str:
        ...     return f"{step} of {current_context().run_id}"
        >>> with run_context(run_id="run-1"), ThreadPoolExecutor() as pool:
        ...     list(pool.map(bind(where), ["plan", "build"]))
        ['plan of run-1', 'build of run-1']
    """
    bound = current_context()

    @functools.wraps(function)
    def in_context(*args: P.args, **kwargs: P.kwargs) -> T:
        token = _current.set(bound)
        try:
            return function(*args, **kwargs)
        finally:
            _current.reset(token)

    return in_context


def _checked(name: str, value: str) -> str:
    if isinstance(value, str) and len(value) <= MAX_ID_CHARACTERS:  # pyright: ignore[reportUnnecessaryIsInstance]
        return value
    raise InvalidInput(
        "a field of the event has a value of the wrong kind",
        reason="invalid_field",
        detail=name,
        hint=f"names and ids are strings of at most {MAX_ID_CHARACTERS} characters",
    )
