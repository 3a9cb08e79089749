"""The command line ``pylayer``."""

from __future__ import annotations

import sys
from typing import Annotated

import psycopg
import typer
from rich.console import Console

import pylayer
from pylayer.cli import (
    archive,
    artifacts,
    backup,
    conversations,
    database,
    demo,
    events,
    export,
    items,
    keys,
    maintain,
    runs,
    serve,
    stack,
    tasks,
    worker,
)
from pylayer.cli.connection import one_line
from pylayer.errors import PylayerError

__all__ = ["app", "main"]

app = typer.Typer(
    name="pylayer",
    help="The persistence layer of an agent platform, in one Postgres.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"pylayer {pylayer.__version__}")
        raise typer.Exit


@app.callback()
def _options(  # pyright: ignore[reportUnusedFunction] - registered by its decorator
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


stack.register(app)
database.register(app)
app.add_typer(artifacts.app, name="artifact")
app.add_typer(conversations.app, name="conversations")
app.add_typer(events.app, name="events")
app.add_typer(items.app, name="items")
app.add_typer(keys.app, name="key")
app.add_typer(runs.app, name="runs")
app.add_typer(archive.app, name="archive")
app.add_typer(tasks.app, name="tasks")
worker.register(app)
serve.register(app)
maintain.register(app)
app.add_typer(export.app, name="export")
backup.register(app)
demo.register(app)


def main() -> None:
    """Run the command line; an error prints one clear line, with its code and hint, and exits with 1."""
    try:
        app()
    except PylayerError as error:
        _print_error(error)
        sys.exit(1)
    except BrokenPipeError:
        sys.stderr.close()  # the reader went away: nothing left to say
        sys.exit(141)
    except (psycopg.Error, OSError) as error:
        _print_error(one_line(error))
        sys.exit(1)


def _print_error(error: PylayerError) -> None:
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    tag = "/".join(part for part in (error.code, error.reason) if part)
    console.print(f"[bold red]error[/] {tag}: " if tag else "[bold red]error[/]: ", end="")
    console.print(error.message, markup=False)
    if error.detail:
        console.print(f"  {error.detail}", markup=False)
    if error.hint:
        console.print(f"  hint: {error.hint}", markup=False)
