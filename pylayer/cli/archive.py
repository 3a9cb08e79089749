"""``pylayer archive list|verify|restore``."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.filesize import decimal

from pylayer.archive import Archive
from pylayer.cli.connection import connected
from pylayer.cli.tables import Column, print_rows
from pylayer.errors import Conflict, InvalidInput, NotFound, PylayerError
from pylayer.retention.models import label

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Months of events in object storage.")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command("list")
def list_archives(as_json: AsJson = False) -> None:
    """List the archives, oldest month first."""
    with connected() as client:
        archives = client.archives.list()
    if as_json:
        typer.echo(json.dumps([archive.model_dump(mode="json") for archive in archives]))
        return
    columns = (
        Column("month"),
        Column("events", right=True),
        Column("size", right=True),
        Column("verified (UTC)"),
        Column("in the database"),
        Column("key", cuttable=True),
    )
    print_rows(columns, [_row(archive) for archive in archives])


@app.command()
def verify(
    month: Annotated[str | None, typer.Argument(help="The month, such as 2026-01 (default: all).")] = None,
    as_json: AsJson = False,
) -> None:
    """Read archives back whole and compare them with the record; exit code 1 when one is wrong."""
    wanted = None if month is None else _month(month)
    with connected() as client:
        months = [archive.month for archive in client.archives.list()] if wanted is None else [wanted]
        found: list[dict[str, str | None]] = []
        for each in months:
            problem: PylayerError | None = None
            try:
                client.archives.verify(each)
            except (Conflict, NotFound) as error:
                problem = error
            found.append({"month": label(each), "problem": problem and problem.reason})
            if not as_json:
                typer.echo(f"{label(each)}  {problem or 'ok'}")
    if as_json:
        typer.echo(json.dumps(found))
    if any(entry["problem"] for entry in found):
        raise typer.Exit(1)


@app.command()
def restore(
    month: Annotated[str, typer.Argument(help="The month, such as 2026-01.")],
    *,
    days: Annotated[int, typer.Option(help="How long it stays before retention drops it again.")] = 30,
    as_json: AsJson = False,
) -> None:
    """Bring a dropped month back into the table of events, row by row as it was."""
    with connected() as client:
        archive = client.archives.restore(_month(month), days=days)
    if as_json:
        typer.echo(archive.model_dump_json())
        return
    until = f"{archive.kept_until:%Y-%m-%d}" if archive.kept_until else "now"
    typer.echo(f"restored {label(archive.month)}: {archive.rows} events, until {until}")


def _month(text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC)
    except ValueError as error:
        raise InvalidInput("not a month", reason="bad_month", detail=text, hint="such as 2026-01") from error


def _row(archive: Archive) -> tuple[str, ...]:
    return (
        label(archive.month),
        f"{archive.rows}",
        decimal(archive.size_bytes),
        f"{archive.verified_at.astimezone(UTC):%Y-%m-%d %H:%M}" if archive.verified_at else "never",
        _presence(archive),
        archive.storage_key,
    )


def _presence(archive: Archive) -> str:
    if archive.dropped_at:
        return "no"
    return f"until {archive.kept_until.astimezone(UTC):%Y-%m-%d}" if archive.kept_until else "yes"
