"""`python -m bench [events|artifacts|http|emit|langgraph|all]`: measure, show, save under bench/results."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bench import artifacts, emit, events, http, langgraph, scale
from bench.environment import describe, running_stack
from bench.results import Result, save, show


class Subject(StrEnum):
    """What to measure."""

    EVENTS = "events"
    ARTIFACTS = "artifacts"
    HTTP = "http"
    EMIT = "emit"
    LANGGRAPH = "langgraph"
    ALL = "all"


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
        if subject in (Subject.EVENTS, Subject.ALL):
            measured["events"] = events.measure(settings, quick=quick)
            show("events", measured["events"], console)
        if not quick and (subject is Subject.ALL or (full and subject is Subject.EVENTS)):
            measured["scale"] = scale.measure(settings)
            show("scale", measured["scale"], console)
        if subject in (Subject.ARTIFACTS, Subject.ALL):
            measured["artifacts"] = artifacts.measure(settings, quick=quick)
            show("artifacts", measured["artifacts"], console)
        if subject in (Subject.HTTP, Subject.ALL):
            measured["http"] = http.measure(settings, quick=quick)
            show("http", measured["http"], console)
        if subject in (Subject.EMIT, Subject.ALL):
            measured["emit"] = emit.measure(quick=quick)
            show("emit", measured["emit"], console)
        if subject in (Subject.LANGGRAPH, Subject.ALL):
            measured["langgraph"] = langgraph.measure(settings, quick=quick)
            show("langgraph", measured["langgraph"], console)
    if not quick:
        for name, results in measured.items():
            console.print(f"saved {save(name, results, environment)}", soft_wrap=True)


if __name__ == "__main__":
    typer.run(main)
