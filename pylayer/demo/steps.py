"""The steps of a run, as its events tell them, and who watches it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Protocol, TypeAlias

from pydantic import BaseModel, ConfigDict

from pylayer.emitter import Emitter
from pylayer.events import Event, StepCompleted, StepStatus
from pylayer.models import PriceTable

__all__ = ["STEPS", "Silent", "StepLog", "StepName", "StepResult", "Watch"]

StepName: TypeAlias = Literal["collect", "inspect", "report", "bundle", "verify"]
STEPS: Mapping[StepName, str] = {
    "collect": "collector",
    "inspect": "inspector",
    "report": "reporter",
    "bundle": "archivist",
    "verify": "verifier",
}
"""The steps in order, each with its agent's role."""


class StepResult(BaseModel):
    """What became of an attempt of a step.

    Attributes:
        name: the step.
        status: how it ended.
        duration_ms: milliseconds.
        retry_count: attempts before this one.
        error: why it failed.
        note: what it did, in a few words.
    """

    model_config = ConfigDict(frozen=True)

    name: StepName
    status: StepStatus
    duration_ms: float
    retry_count: int = 0
    error: str | None = None
    note: str = ""


class StepLog:
    """Passes events on to an emitter, and keeps what those of steps say.

    Attributes:
        steps: what was said, in order.
    """

    def __init__(self, emitter: Emitter) -> None:
        self._emitter = emitter
        self.steps: list[StepResult] = []

    def emit(self, event: Event) -> str:
        """Take an event and return its id."""
        if event.event_name == StepCompleted.event_name:
            self.steps.append(StepResult(name=event.payload["step_name"], **event.payload))
        return self._emitter.emit(event)

    def prices(self) -> PriceTable:
        """Return the prices of the models."""
        return self._emitter.prices()


class Watch(Protocol):
    """Is told how a run goes on."""

    def begin(self, name: StepName) -> None:
        """An attempt of a step begins."""
        ...

    def advance(self, done: int, total: int) -> None:
        """A step has handled ``done`` of ``total`` files."""
        ...

    def hush(self) -> None:
        """A step is about to send content, which has a bar of its own."""
        ...


class Silent:
    """The watch that says nothing."""

    def begin(self, name: StepName) -> None:
        """Say nothing."""

    def advance(self, done: int, total: int) -> None:
        """Say nothing."""

    def hush(self) -> None:
        """Say nothing."""
