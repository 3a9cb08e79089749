"""`python -m bench [SUBJECT|all]`: measure, show, save under bench/results."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bench import (
    archive,
    artifacts,
    checkpoints,
    dashboards,
    emit,
    events,
    http,
    items,
    langgraph,
    observed,
    rollups,
    runs,
    scale,
    tasks,
)
from bench.environment import describe, running_stack
from bench.results import Result, save, show
from pylayer.config import Settings


class Subject(StrEnum):
    """What to measure."""

    EVENTS = "events"
    ARTIFACTS = "artifacts"
    HTTP = "http"
    EMIT = "emit"
    ITEMS = "items"
    LANGGRAPH = "langgraph"
    CHECKPOINTS = "checkpoints"
    ARCHIVE = "archive"
    ROLLUPS = "rollups"
    OBSERVED = "observed"
    DASHBOARDS = "dashboards"
    RUNS = "runs"
    TASKS = "tasks"
    ALL = "all"


_MEASURES: dict[Subject, Callable[[Settings, bool], list[Result]]] = {
    Subject.EVENTS: lambda settings, quick: events.measure(settings, quick=quick),
    Subject.ARTIFACTS: lambda settings, quick: artifacts.measure(settings, quick=quick),
    Subject.HTTP: lambda settings, quick: http.measure(settings, quick=quick),
    Subject.EMIT: lambda _, quick: emit.measure(quick=quick),
    Subject.ITEMS: lambda settings, quick: items.measure(settings, quick=quick),
    Subject.LANGGRAPH: lambda settings, quick: langgraph.measure(settings, quick=quick),
    Subject.CHECKPOINTS: lambda settings, quick: checkpoints.measure(settings, quick=quick),
    Subject.ARCHIVE: lambda settings, quick: archive.measure(settings, quick=quick),
    Subject.ROLLUPS: lambda settings, quick: rollups.measure(settings, quick=quick),
    Subject.OBSERVED: lambda settings, quick: observed.measure(settings, quick=quick),
    Subject.DASHBOARDS: lambda settings, quick: dashboards.measure(settings, quick=quick),
    Subject.RUNS: lambda settings, quick: runs.measure(settings, quick=quick),
    Subject.TASKS: lambda settings, quick: tasks.measure(settings, quick=quick),
}


def main(
    subject: Annotated[Subject, typer.Argument(help="What to measure.")] = Subject.ALL,
    quick: Annotated[
        bool, typer.Option("--quick", help="Fewer repetitions, nothing large; not saved.")
    ] = False,
    full: Annotated[bool, typer.Option("--full", help="With 10 million events (part of `all`).")] = False,
    data_dir: Annotated[
        Path, typer.Option(help="Data directory of the stack that is started where DATABASE_URL is not set.")
    ] = Path(".pylayer/bench"),
) -> None:
    """Measure pylayer beside the limit of its servers and beside a peer, in the same run."""
    console = Console()
    with running_stack(data_dir) as settings:
        environment = describe(settings)
        measured: dict[str, list[Result]] = {}
        for chosen, measure in _MEASURES.items():
            if subject in (chosen, Subject.ALL):
                measured[chosen] = measure(settings, quick)
                show(chosen, measured[chosen], console)
        if not quick and (subject is Subject.ALL or (full and subject is Subject.EVENTS)):
            measured["scale"] = scale.measure(settings)
            show("scale", measured["scale"], console)
    if not quick:
        for name, results in measured.items():
            console.print(f"saved {save(name, results, environment)}", soft_wrap=True)


if __name__ == "__main__":
    typer.run(main)
