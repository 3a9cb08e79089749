"""``pylayer tasks list|dead|retry``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC
from typing import Annotated

import typer

from pylayer.cli.connection import connected
from pylayer.cli.tables import Column, print_rows
from pylayer.errors import InvalidInput
from pylayer.tasks import Task

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Look at tasks, and try dead letters again.")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Queue = Annotated[str | None, typer.Option(help="Only of this queue.")]
Limit = Annotated[int, typer.Option(min=1, max=1000, help="Most tasks.")]


@app.command("list")
def list_tasks(
    *,
    status: Annotated[
        str | None, typer.Option(help="scheduled, blocked, ready, running, completed or failed.")
    ] = None,
    queue: Queue = None,
    name: Annotated[str | None, typer.Option(help="Only tasks of this name.")] = None,
    run: Annotated[str | None, typer.Option(help="Only tasks of this run.")] = None,
    limit: Limit = 50,
    after: Annotated[str | None, typer.Option(help="Id that ended the page before.")] = None,
    as_json: AsJson = False,
) -> None:
    """List tasks, newest first."""
    with connected() as client:
        found = client.tasks.list(status, queue=queue, task_name=name, run_id=run, limit=limit, after=after)
    _print(found, as_json=as_json)


@app.command()
def dead(*, queue: Queue = None, limit: Limit = 50, as_json: AsJson = False) -> None:
    """List dead letters, newest first, with their last error."""
    with connected() as client:
        found = client.tasks.list("failed", queue=queue, limit=limit)
    _print(found, as_json=as_json)


@app.command()
def retry(
    ids: Annotated[list[str] | None, typer.Argument(help="Ids of dead letters.")] = None,
    *,
    every: Annotated[bool, typer.Option("--all", help="All dead letters, of --queue if given.")] = False,
    queue: Queue = None,
    as_json: AsJson = False,
) -> None:
    """Queue dead letters again, with all their retries before them."""
    if bool(ids) == every:
        raise InvalidInput("which ones?", reason="invalid_arguments", hint="name ids, or give --all")
    queued: list[str] = []
    with connected() as client:
        while True:
            page = client.tasks.requeue_dead(ids, queue=queue)
            queued += page
            if len(page) < 1000:
                break
    typer.echo(json.dumps(queued) if as_json else f"queued {len(queued)} of {len(ids) if ids else 'all'}")


def _print(tasks: Sequence[Task], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps([task.model_dump(mode="json") for task in tasks]))
        return
    columns = (
        Column("id"),
        Column("status"),
        Column("queue", cuttable=True),
        Column("task", cuttable=True),
        Column("tries", right=True),
        Column("since (UTC)"),
        Column("error", cuttable=True),
    )
    print_rows(columns, [_row(task) for task in tasks])


def _row(task: Task) -> tuple[str, ...]:
    since = task.finished_at or (task.started_at if task.status == "running" else None) or task.scheduled_at
    last_line = (task.error or "").strip().rsplit("\n", 1)[-1]
    tries = f"{task.retry_count}/{task.max_retries}"
    return (
        task.execution_id,
        task.status,
        task.queue,
        task.task_name,
        tries,
        f"{since.astimezone(UTC):%Y-%m-%d %H:%M:%S}",
        last_line,
    )
