"""``pylayer maintain``."""

from __future__ import annotations

import json
import re
import time
from typing import Annotated, cast

import typer
from rich.console import Console

from pylayer.cli.connection import connected
from pylayer.errors import InvalidInput
from pylayer.maintenance import TaskReport
from pylayer.maintenance import maintain as run_maintenance

__all__ = ["maintain", "register"]

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def maintain(
    every: Annotated[str | None, typer.Option(help="Repeat at this interval, such as 15m or 1h.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Make months ahead, count events, drop old months, clean up uploads and tasks. For cron, or --every."""
    pause = None if every is None else _interval(every)
    with connected(direct=True) as client:
        while True:
            reports = run_maintenance(client)
            _print(reports, as_json=as_json)
            if pause is None:
                break
            try:
                time.sleep(pause)
            except KeyboardInterrupt:
                return
    if not all(report.ok for report in reports):
        raise typer.Exit(1)


def _interval(text: str) -> int:
    found = re.fullmatch(r"([1-9]\d*)([smhd])", text)
    if found is None:
        raise InvalidInput(
            "not an interval", reason="invalid_interval", detail=text, hint="30s, 15m, 1h or 1d"
        )
    return int(found[1]) * _SECONDS[found[2]]


def _print(reports: list[TaskReport], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps([report.model_dump() for report in reports]))
        return
    console = Console(highlight=False, soft_wrap=True)
    for report in reports:
        mark = "[green]ok[/]    " if report.ok else "[red]failed[/]"
        console.print(f"{mark} {report.task}: ", end="")
        done = ", ".join(f"{name} {_text(value)}" for name, value in report.done.items())
        console.print(report.error or done, markup=False)


def _text(value: object) -> str:
    if isinstance(value, list):
        return " ".join(map(str, cast("list[object]", value))) or "none"
    return str(value)


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(maintain)
