"""``pylayer export training``."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Annotated

import typer
from rich.console import Console
from rich.filesize import decimal
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from pylayer.cli.influx import influx
from pylayer.cli.times import time_ago
from pylayer.config import Settings
from pylayer.export import Format, export_training
from pylayer.export.training import Progress as Tell

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Export training data and metrics.")
app.command()(influx)


@app.command()
def training(
    *,
    kind: Annotated[
        str,
        typer.Option("--type", help="agent_events, workflow_data, agent_tasks or tool_executions."),
    ] = "agent_events",
    start: Annotated[
        str, typer.Option("--from", help="The first day, UTC: 2026-01-31, or an age such as 7d.")
    ] = "7d",
    end: Annotated[
        str | None, typer.Option("--to", help="The day after the last, as --from (default: today).")
    ] = None,
    file_format: Annotated[Format, typer.Option("--format", help="The files' format.")] = "jsonl",
    out: Annotated[str, typer.Option(help="A folder, or s3://bucket/prefix.")] = ".",
    chat: Annotated[
        bool,
        typer.Option(
            "--chat",
            help="Conversations that began on these days, in the messages format of fine-tuning tools.",
        ),
    ] = False,
    below_floor: Annotated[
        bool, typer.Option("--below-floor", help="Days below the retention floor too, from restored months.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Write a file a day to OUT/data/training/TYPE, and a manifest last. Safe to kill and to repeat.

    The same days exported again give the same bytes, whatever was recorded since: what is complete stays.
    """
    first = _day(start)
    after = datetime.now(UTC).date() if end is None else _day(end)
    with _progress((after - first).days) as progress:
        done = export_training(
            Settings.load(),
            "chat" if chat else kind,
            first,
            after,
            file_format=file_format,
            out=out,
            below_floor=below_floor,
            progress=progress,
        )
    if as_json:
        typer.echo(done.model_dump_json())
        return
    typer.echo(
        f"{done.files} files, {done.rows:,} rows, {decimal(done.size_bytes)}; {done.written} written now"
    )
    typer.echo(f"manifest {done.manifest}")


def _day(text: str) -> date:
    return time_ago(text).astimezone(UTC).date()


@contextmanager
def _progress(days: int) -> Generator[Tell | None]:
    """Show a bar of days on stderr, at a terminal only."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bars:
        task = bars.add_task("", total=days)
        first: list[date] = []

        def tell(day: date, rows: int) -> None:
            first[:] = first or [day]
            done = (day - first[0]) / timedelta(days=1)
            bars.update(task, completed=done, description=f"{day} {rows:,} rows")

        yield tell
