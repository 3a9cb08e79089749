"""The steps of a run: which is under way, how long each took, how often it was tried."""

from __future__ import annotations

import time
from typing import Literal, Protocol, TypeAlias

from pydantic import BaseModel, ConfigDict

__all__ = ["STEPS", "Silent", "StepClock", "StepName", "StepResult", "Watch"]

StepName: TypeAlias = Literal["collect", "inspect", "report", "bundle"]
STEPS: tuple[StepName, ...] = ("collect", "inspect", "report", "bundle")


class StepResult(BaseModel):
    """What became of a step.

    Attributes:
        name: the step.
        status: how it ended.
        duration_ms: milliseconds, retries included.
        retry_count: tries after the first.
        error: why it failed.
        note: what it did, in a few words.
    """

    model_config = ConfigDict(frozen=True)

    name: StepName
    status: Literal["succeeded", "failed", "skipped"]
    duration_ms: float = 0.0
    retry_count: int = 0
    error: str | None = None
    note: str = ""


class Watch(Protocol):
    """Is told how a run goes on."""

    def begin(self, name: StepName) -> None:
        """A step begins."""
        ...

    def advance(self, done: int, total: int) -> None:
        """A step has handled ``done`` of ``total`` files."""
        ...

    def hush(self) -> None:
        """A step is about to send content, which has a bar of its own."""
        ...

    def end(self, result: StepResult) -> None:
        """A step ended."""
        ...


class Silent:
    """The watch that says nothing."""

    def begin(self, name: StepName) -> None:
        """Say nothing."""

    def advance(self, done: int, total: int) -> None:
        """Say nothing."""

    def hush(self) -> None:
        """Say nothing."""

    def end(self, result: StepResult) -> None:
        """Say nothing."""


class StepClock:
    """Times the step under way; beginning it again is a retry."""

    def __init__(self) -> None:
        self._name: StepName | None = None
        self._started = 0.0
        self._tries = 0

    def begin(self, name: StepName) -> None:
        """Note that a step begins, or is tried again."""
        if name != self._name:
            self._name, self._started, self._tries = name, time.perf_counter(), 0
        self._tries += 1

    def succeeded(self, note: str) -> StepResult:
        """Return the result of the step under way, and end it."""
        return self._end("succeeded", note=note)

    def failed(self, error: str) -> StepResult | None:
        """Return the result of the step under way, and end it; None between steps."""
        return None if self._name is None else self._end("failed", error=error)

    def _end(
        self, status: Literal["succeeded", "failed"], *, error: str | None = None, note: str = ""
    ) -> StepResult:
        if self._name is None:
            raise RuntimeError("no step is under way")
        result = StepResult(
            name=self._name,
            status=status,
            duration_ms=round((time.perf_counter() - self._started) * 1000, 3),
            retry_count=self._tries - 1,
            error=error,
            note=note,
        )
        self._name = None
        return result
