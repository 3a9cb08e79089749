"""``pylayer backup`` and ``pylayer restore``."""

from __future__ import annotations

import json
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from pydantic import SecretStr
from rich.console import Console
from rich.filesize import decimal
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn

from pylayer import backup as backups
from pylayer.backup.manifest import Progress as Tell
from pylayer.config import Settings, checked_dsn

__all__ = ["backup", "register", "restore"]

_Jobs = Annotated[int, typer.Option(min=1, max=64, help="Connections that work on the database at once.")]
_AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_LABEL_LENGTH = 60


def backup(
    *,
    out: Annotated[Path, typer.Option(help="A new folder, or that of a backup that was killed.")],
    jobs: _Jobs = 1,
    as_json: _AsJson = False,
) -> None:
    """Save the database and every object that it refers to in a folder. Exit code 1 if objects are damaged.

    Dump and objects are of one snapshot, each object is checked by its hash, manifest.json is written last.
    """
    settings = Settings.load()
    with _progress() as progress:
        done = backups.backup(settings, out, jobs=jobs, progress=progress)
    if as_json:
        typer.echo(done.model_dump_json())
    else:
        typer.echo(
            f"{done.path}: database {decimal(done.database_bytes)}, "
            f"{done.blobs:,} objects of {decimal(done.blob_bytes)}"
        )
        _print_absent(done.deleted, done.damaged)
    if done.damaged:
        raise typer.Exit(1)


def restore(
    folder: Annotated[Path, typer.Argument(help="The backup's folder.")],
    *,
    database_url: Annotated[
        str | None, typer.Option(help="An empty database, by a superuser's login (default: DATABASE_URL).")
    ] = None,
    jobs: _Jobs = 1,
    skip_damaged: Annotated[
        bool, typer.Option("--skip-damaged", help="Go on without objects that the backup lacks.")
    ] = False,
    as_json: _AsJson = False,
) -> None:
    """Restore a backup into an empty database and the configured bucket. Exit code 1 if anything is wrong.

    Each object is read back and checked by its hash, a new epoch begins, and doctor looks at the result.
    """
    settings = Settings.load()
    if database_url is not None:
        url = SecretStr(checked_dsn(database_url, "--database-url"))
        settings = settings.model_copy(update={"database_url": url, "database_direct_url": None})
    with _progress() as progress:
        done = backups.restore(settings, folder, jobs=jobs, skip_damaged=skip_damaged, progress=progress)
    if as_json:
        typer.echo(json.dumps(done.model_dump() | {"ok": done.ok}))
    else:
        typer.echo(
            f"restored: epoch {done.epoch}, {done.blobs:,} objects of {decimal(done.blob_bytes)} verified"
        )
        _print_absent(done.deleted, done.damaged)
        for check in done.checks:
            if check.status != "ok":
                typer.echo(f"doctor {check.status}: {check.name}: {check.detail}")
    if not done.ok:
        raise typer.Exit(1)


def _print_absent(deleted: Sequence[str], damaged: Sequence[backups.Damage]) -> None:
    if deleted:
        typer.echo(f"{len(deleted)} objects were deleted on purpose while the backup was made")
    for damage in damaged:
        typer.echo(f"damaged ({damage.problem}): {damage.storage_key}", err=True)


@contextmanager
def _progress() -> Generator[Tell | None]:
    """Show what is being done on stderr, with a bar where its size is known, at a terminal only."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield None
        return
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bars:
        task = bars.add_task("connecting", total=None)
        shown_total: int | None = None

        def tell(label: str, done: int, total: int | None) -> None:
            nonlocal task, shown_total
            if total != shown_total:  # a task can't lose its total
                bars.remove_task(task)
                task, shown_total = bars.add_task("", total=total), total
            bars.update(task, description=label[:_LABEL_LENGTH], completed=done)

        yield tell


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command()(backup)
    app.command()(restore)
