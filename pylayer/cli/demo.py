"""``pylayer demo``."""

from __future__ import annotations

import logging
import shlex
from collections.abc import Generator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from pylayer.cli.connection import connected, program
from pylayer.config import Settings
from pylayer.demo import require_packages
from pylayer.demo.text import plural
from pylayer.embedded import Stack
from pylayer.emitter import Emitter, transport_for
from pylayer.errors import Unavailable

__all__ = ["demo", "register"]


@dataclass(frozen=True, slots=True)
class _Target:
    """Where the run goes: the settings, and the command that sets them in a shell where nobody has yet."""

    settings: Settings
    env_command: str | None


def demo(
    path: Annotated[
        Path | None, typer.Argument(metavar="[PATH]", help="A source tree (default: this repository).")
    ] = None,
    data_dir: Annotated[
        Path | None, typer.Option("--data-dir", help="Use the embedded stack in this data directory.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON summary only.")] = False,
) -> None:
    """Audit a source tree with a LangGraph graph, and persist its events, report, findings and bundle.

    Without DATABASE_URL it uses the embedded stack, and starts it when it does not run.
    """
    require_packages()
    from pylayer.demo.audit import run_audit
    from pylayer.demo.summary import print_summary
    from pylayer.demo.tree import source_root
    from pylayer.demo.watch import watching

    logging.getLogger("psycopg.pool").setLevel(logging.ERROR)  # what fails is told once, when it is given up
    root = source_root(path)
    target = _target(data_dir)
    with connected(target.settings) as client, _emitter(target.settings) as emitter, watching() as watch:
        summary = run_audit(client, root, emitter=emitter, exclude=target.settings.home, watch=watch)
    if as_json:
        typer.echo(summary.model_dump_json())
    else:
        print_summary(summary, Console(highlight=False), env_command=target.env_command, program=program())
    if summary.undelivered:
        raise Unavailable(
            "the run succeeded, but not all of its events are stored",
            reason="undelivered",
            detail=f"{plural(summary.undelivered, 'event')} in {_spool(target.settings)}",
            hint="the next run sends what waits there; dead-letters.jsonl says what was refused, and why",
        )


def _target(data_dir: Path | None) -> _Target:
    settings = Settings.from_environment()
    if data_dir is None and settings.database_url is not None:
        return _Target(Settings.load(), None)
    console = Console(stderr=True, highlight=False)
    with console.status("looking for the embedded stack ...") if console.is_terminal else nullcontext():
        info = Stack(data_dir or settings.home).up()
    if info.started:
        message = f"started the embedded stack ({' and '.join(info.started)}) in {info.home}"
        console.print(message, markup=False, soft_wrap=True)
    option = f" --data-dir {shlex.quote(str(data_dir))}" if data_dir else ""
    return _Target(
        Settings.model_validate({**info.environment, "PYLAYER_HOME": info.home}),
        f'eval "$({program()} env{option})"',
    )


@contextmanager
def _emitter(settings: Settings) -> Generator[Emitter]:
    emitter = Emitter(transport_for(settings), spool=_spool(settings))
    try:
        yield emitter
    finally:
        emitter.close(timeout=0)  # the run has waited long enough


def _spool(settings: Settings) -> Path:
    return settings.home / "spool"


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(demo)
