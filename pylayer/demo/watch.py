"""Progress on standard error, when somebody is at a terminal."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from rich.console import Console
from rich.status import Status

from pylayer.demo.steps import Silent, StepName, Watch

__all__ = ["watching"]


class _Spinner:
    def __init__(self, status: Status) -> None:
        self._status = status
        self._name = ""

    def begin(self, name: StepName) -> None:
        self._name = name
        self._status.update(f"{name} ...")
        self._status.start()

    def advance(self, done: int, total: int) -> None:
        self._status.update(f"{self._name} {done:,} of {total:,} files")

    def hush(self) -> None:
        self._status.stop()


@contextmanager
def watching() -> Generator[Watch]:
    """Yield a watch: a spinner on standard error if that is a terminal, else silence."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield Silent()
        return
    status = Status("", console=console)
    try:
        yield _Spinner(status)
    finally:
        status.stop()
