"""``pylayer migrate``, ``rollback``, ``seed`` and ``doctor``."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from pylayer import doctor as checks
from pylayer import migrate as migrations
from pylayer.config import Settings

__all__ = ["doctor", "migrate", "register", "rollback", "seed"]

_AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_COLOURS = {"ok": "green", "warn": "yellow", "fail": "red"}


def migrate(
    to: Annotated[int | None, typer.Option(min=0, metavar="N", help="Default: the newest.")] = None,
    as_json: _AsJson = False,
) -> None:
    """Bring the database to a migration, with its functions and views. Safe to repeat."""
    with _progress() as progress:
        report = migrations.migrate(_url(), to=to, progress=progress)
    _print(report, as_json=as_json)


def rollback(
    to: Annotated[int | None, typer.Option(min=0, metavar="N", help="Default: one step back.")] = None,
    as_json: _AsJson = False,
) -> None:
    """Undo the newest migration, or all above N. Functions and views are dropped first."""
    with _progress() as progress:
        report = migrations.rollback(_url(), to=to, progress=progress)
    _print(report, as_json=as_json)


def seed(as_json: _AsJson = False) -> None:
    """Load the prices of well-known models, beside those that are there. Safe to repeat."""
    with _progress() as progress:
        loaded = migrations.seed(_url(), progress=progress)
    if as_json:
        typer.echo(json.dumps({"loaded": loaded}))
    else:
        typer.echo("\n".join(f"loaded {path}" for path in loaded) or "there is nothing to load")


def doctor(as_json: _AsJson = False) -> None:
    """Check the server, the schema, the partitions and the object storage. Exit code 1 if anything fails."""
    settings = Settings.load()
    settings.require_database_url(direct=True)
    found = checks.diagnose(settings)
    if as_json:
        typer.echo(json.dumps([check.model_dump() for check in found]))
    else:
        _print_checks(found)
    if any(check.status == "fail" for check in found):
        raise typer.Exit(1)


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    for command in (migrate, rollback, seed, doctor):
        app.command()(command)


def _url() -> str:
    return Settings.load().require_database_url(direct=True)


@contextmanager
def _progress() -> Generator[Callable[[str], None]]:
    """Show each step on stderr while it runs, at a terminal only."""
    console = Console(stderr=True, highlight=False)
    if not console.is_terminal:
        yield lambda _line: None
        return
    with console.status("connecting") as status:
        yield status.update


def _print(report: migrations.Report, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(asdict(report) | {"already_current": report.already_current}))
        return
    for path in report.applied:
        typer.echo(f"applied {path}")
    for path in report.rolled_back:
        typer.echo(f"rolled back {path}")
    for verb, paths in (("applied", report.files_applied), ("dropped", report.files_dropped)):
        if paths:
            typer.echo(f"{verb} {len(paths)} files of functions and views")
    suffix = ", nothing to do" if report.already_current else ""
    typer.echo(f"the database is at migration {report.version}{suffix}")


def _print_checks(found: list[checks.Check]) -> None:
    table = Table("check", "status", "detail", box=None, pad_edge=False)
    for check in found:
        detail = f"{check.detail}\nfix: {check.fix}" if check.fix else check.detail
        colour = _COLOURS[check.status]
        table.add_row(check.name, f"[{colour}]{check.status}[/]", detail.replace("[", r"\["))
    Console(highlight=False).print(table)
