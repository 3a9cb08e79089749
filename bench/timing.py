"""Interleaved timing: what is compared runs turn by turn, so that a busy machine disturbs all of it alike."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Case", "Timing", "interleave"]


@dataclass(frozen=True, slots=True)
class Case:
    """Something to time.

    Attributes:
        name: how results name it.
        run: the timed call; it receives what ``prepare`` returned.
        prepare: makes the input of one call, untimed.
    """

    name: str
    run: Callable[[Any], object]
    prepare: Callable[[], Any] = lambda: None


@dataclass(slots=True)
class Timing:
    """Seconds that each repetition of a case took."""

    seconds: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        """The median, in seconds."""
        return statistics.median(self.seconds)

    @property
    def spread(self) -> float:
        """Half of the range between the quartiles, as a share of the median: the noise of the machine."""
        if len(self.seconds) < 4:
            return (max(self.seconds) - min(self.seconds)) / 2 / self.median
        low, _, high = statistics.quantiles(self.seconds, n=4)
        return (high - low) / 2 / self.median

    def beside(self, other: Timing) -> float:
        """How many times our time the other took: the median over the turns, each beside its own neighbour.

        What slows the machine down for seconds slows down both of a turn, so it is not in here.
        """
        return statistics.median(
            theirs / ours for ours, theirs in zip(self.seconds, other.seconds, strict=True)
        )


def interleave(cases: Sequence[Case], rounds: int, *, calls: int = 1, warm_up: int = 1) -> dict[str, Timing]:
    """Time the cases turn by turn, in an order drawn anew each turn: none always follows the same one.

    Args:
        cases: what to compare.
        rounds: turns that are counted.
        calls: calls of each case in one turn.
        warm_up: turns before those that are counted.

    Returns:
        The timings by name of the case, ``rounds * calls`` each.
    """
    order = random.Random(0)  # the same orders each time
    timings = {case.name: Timing() for case in cases}
    for turn in range(warm_up + rounds):
        for case in cases if turn < warm_up else order.sample(cases, len(cases)):
            for _ in range(calls):
                prepared = case.prepare()
                start = time.perf_counter()
                case.run(prepared)
                elapsed = time.perf_counter() - start
                if turn >= warm_up:
                    timings[case.name].seconds.append(elapsed)
    return timings
