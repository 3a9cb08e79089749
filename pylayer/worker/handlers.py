"""Handlers of tasks by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from pylayer.errors import InvalidInput
from pylayer.tasks import ClaimedTask

__all__ = ["Abandon", "Handler", "Handlers", "handlers", "task"]

Handler = Callable[[ClaimedTask], Any]
H = TypeVar("H", bound=Handler)


class Abandon(Exception):
    """Raised by a handler: the task can never succeed, and is a dead letter without another attempt."""


class Handlers:
    """Handlers by the name of their task."""

    def __init__(self) -> None:
        self._by_name: dict[str, Handler] = {}

    def task(self, name: str) -> Callable[[H], H]:
        """Register a function, sync or async, as the handler of a task.

        It is called with the `pylayer.tasks.ClaimedTask`; what it returns, any value of JSON, is the task's
        ``output_data``; what it raises fails the attempt. A task runs at least once: a handler must bear
        being repeated.

        Raises:
            InvalidInput: the name has a handler.
        """

        def register(handler: H) -> H:
            if name in self._by_name:
                raise InvalidInput("the task has a handler", reason="handler_exists", detail=name)
            self._by_name[name] = handler
            return handler

        return register

    def get(self, name: str) -> Handler | None:
        """Return the handler of a task, or None."""
        return self._by_name.get(name)

    def __len__(self) -> int:
        return len(self._by_name)


handlers = Handlers()
task = handlers.task
