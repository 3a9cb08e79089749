"""Runs a durable workflow in processes that kill themselves at the n-th point of their way.

Reads lines of a ledger's path and a point; answers each with the signal that ended the process, or 0.
Each step notes itself in the ledger before it returns: what was really called.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

import pylayer
from pylayer.calls import Call
from pylayer.runs import Run, workflow

STEPS = 4
ledger = Path()
points_left = 0


class Dying(pylayer.Client):
    """Passes a point before and after each call."""

    def _call_once(self, step: Call[Any]) -> Any:
        point()
        result = super()._call_once(step)
        point()
        return result


def point() -> None:
    """Die here, if this is the point."""
    global points_left  # noqa: PLW0603
    points_left -= 1
    if points_left == 0:
        os.kill(os.getpid(), signal.SIGKILL)


def work(n: int, total: int) -> int:
    """The step: notes itself, and adds to what there is."""
    with ledger.open("a") as file:
        file.write("below\n" if n > STEPS else f"step#{n}\n" if n > 1 else "step\n")
    point()
    return total + n


@workflow("below")
def below(run: Run[Any], total: int) -> int:
    """One step."""
    return run.step("below", work, 5, total)


@workflow("victim")
def victim(run: Run[Any], inputs: dict[str, int]) -> dict[str, int]:
    """Four steps, each of which needs the one before, an event between them; then a child of one step."""
    total = inputs["start"]
    for n in range(1, STEPS + 1):
        total = run.step("step", work, n, total)
        if n == 2:
            total += run.wait_for("go")
    return {"total": run.child(below, total)}


def live() -> None:
    """Run it to its end, to its wait, or to the point where it dies."""
    with pylayer.connect() as plain:
        victim.run(Dying(plain._pool, plain.blobs), {"start": 100}, run_id="run-1", worker="victim")


def main() -> None:
    """Fork a process a line: the imports are made once, and no thread is there yet."""
    global ledger, points_left
    for line in sys.stdin:
        path, number = line.rsplit(maxsplit=1)
        ledger, points_left = Path(path), int(number)
        child = os.fork()
        if child == 0:
            live()
            os._exit(0)
        _, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
        print(os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0, flush=True)


if __name__ == "__main__":
    main()
