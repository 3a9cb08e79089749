"""``pylayer up``, ``down`` and ``env``: the embedded stack from the command line."""

from __future__ import annotations

import json
import os
import shlex
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from pylayer.cli.connection import program
from pylayer.config import Settings
from pylayer.embedded import Stack
from pylayer.errors import InvalidInput

__all__ = ["down", "env", "register", "up"]

_DataDir = Annotated[
    Path | None,
    typer.Option("--data-dir", help="The data directory (default: PYLAYER_HOME, else .pylayer)."),
]
_AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def _stack(data_dir: Path | None) -> Stack:
    return Stack(data_dir or Settings.from_environment().home)


def up(data_dir: _DataDir = None, as_json: _AsJson = False) -> None:
    """Start Postgres and the S3 server in the background, migrated, seeded, with a bucket. Safe to repeat."""
    info = _stack(data_dir).up()
    if as_json:
        typer.echo(json.dumps({"home": str(info.home), "started": info.started}))
        return
    console = Console(highlight=False, soft_wrap=True)
    if info.started:
        console.print(f"[green]started[/] {' and '.join(info.started)} in {info.home}", markup=True)
    else:
        console.print("the stack runs already", markup=False)
    option = f" --data-dir {shlex.quote(str(data_dir))}" if data_dir else ""
    console.print(f'use it in this shell:  eval "$({program()} env{option})"', markup=False)


def down(data_dir: _DataDir = None, as_json: _AsJson = False) -> None:
    """Stop the stack of this data directory, and no other server. Safe to repeat."""
    stopped = _stack(data_dir).down()
    if as_json:
        typer.echo(json.dumps({"stopped": stopped}))
    else:
        typer.echo(f"stopped {' and '.join(stopped)}" if stopped else "nothing runs")


def env(data_dir: _DataDir = None, as_json: _AsJson = False) -> None:
    """Print the running stack's variables as ``export NAME=value`` lines, for ``eval``."""
    stack = _stack(data_dir)
    values = stack.environment()
    if not values:
        raise InvalidInput(
            "no embedded stack runs in this data directory",
            reason="not_running",
            detail=str(stack.home.path),
            hint=f"{program()} up",
        )
    values["PYLAYER_HOME"] = str(stack.home.path)
    if as_json:
        typer.echo(json.dumps(values))
    else:
        typer.echo(
            "".join(f"export {name}={shlex.quote(value)}{os.linesep}" for name, value in values.items()),
            nl=False,
        )


def register(app: typer.Typer) -> None:
    """Add the three commands to the command line."""
    for command in (up, down, env):
        app.command()(command)
