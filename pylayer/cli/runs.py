"""``pylayer runs list|show|tail|cancel``."""

from __future__ import annotations

import getpass
import json
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from pydantic import BaseModel

from pylayer.cli.connection import connected
from pylayer.cli.tables import Column, print_rows
from pylayer.client import Client
from pylayer.demo.text import plain
from pylayer.errors import InvalidInput
from pylayer.runs import Execution, Step, StoredSpan

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Runs of workflows: list, show, follow, cancel.")

_PAGE = 1000
_STATUSES = ("pending", "running", "waiting", "completed", "failed", "cancelled")

RunId = Annotated[str, typer.Argument(help="The run.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command("list")
def list_runs(
    *,
    status: Annotated[str | None, typer.Option(help=f"One of {', '.join(_STATUSES)}.")] = None,
    workflow: Annotated[str | None, typer.Option("--workflow", help="The workflow.")] = None,
    parent: Annotated[str | None, typer.Option("--parent", help="The run that started them.")] = None,
    project: Annotated[str | None, typer.Option("--project", help="The project.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Most runs to print.")] = 20,
    after: Annotated[str | None, typer.Option(help="Run that ended the page before.")] = None,
    as_json: AsJson = False,
) -> None:
    """List runs, newest first."""
    if status is not None and status not in _STATUSES:
        raise InvalidInput(
            "this is no status of a run",
            reason="invalid_status",
            detail=status,
            hint=f"one of {', '.join(_STATUSES)}",
        )
    with connected() as client:
        found = client.executions.list(
            status=status,
            workflow_id=workflow,
            parent_run_id=parent,
            project_id=project,
            limit=limit,
            after=after,
        )
    if as_json:
        typer.echo(json.dumps([_document(run) for run in found]))
        return
    columns = (
        Column("run"),
        Column("workflow", cuttable=True),
        Column("status"),
        Column("steps", right=True),
        Column("started (UTC)"),
        Column("took", right=True),
        Column("now", cuttable=True),
    )
    print_rows(columns, [_row(run) for run in found])
    if len(found) == limit:
        typer.echo(f"more may follow: --after {found[-1].run_id}", err=True)


@app.command()
def show(run_id: RunId, as_json: AsJson = False) -> None:
    """Show a run, its steps and its spans."""
    with connected() as client:
        run = client.executions.get_by_id(run_id)
        steps = sorted(_steps(client, run_id), key=lambda step: step.started_at)
        spans = list(_spans(client, run_id))
    if as_json:
        parts = {"steps": [_document(step) for step in steps], "spans": [_document(span) for span in spans]}
        typer.echo(json.dumps(_document(run) | parts))
        return
    facts = {
        "workflow": f"{run.workflow_id} {run.version or ''}".rstrip(),
        "status": " ".join(filter(None, (run.status, run.reason))),
        "now": None if run.has_ended else _now(run),
        "parent": run.parent_run_id,
        "started": _time(run.created_at),
        "took": _took(run.started_at, run.completed_at),
        "deadline": _time(run.deadline) if run.deadline else None,
        "attempts": str(run.attempt),
        "inputs": _short(run.inputs),
        "outputs": _short(run.outputs) if run.status == "completed" else None,
        "error": run.error,
    }
    typer.echo(f"run       {plain(run.run_id)}")
    for name, value in facts.items():
        if value:
            typer.echo(f"{name:<9} {plain(value)}")
    if steps:
        typer.echo("")
        columns = (
            Column("step"),
            Column("status"),
            Column("began (UTC)"),
            Column("ms", right=True),
            Column("tries", right=True),
            Column("result", cuttable=True),
        )
        print_rows(columns, [_step_row(step) for step in steps])
    if spans:
        typer.echo("")
        columns = (
            Column("span", cuttable=True),
            Column("kind"),
            Column("began (UTC)"),
            Column("ms", right=True),
            Column("tokens", right=True),
            Column("USD", right=True),
            Column("result", cuttable=True),
        )
        print_rows(columns, [_span_row(span, depth) for span, depth in _tree(spans)])


@app.command()
def tail(
    run_id: RunId,
    *,
    interval: Annotated[float, typer.Option(min=0.1, help="Seconds between polls.")] = 1.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
) -> None:
    """Follow a run until it ends: each change of its status, and each step."""
    seen: dict[str, tuple[str, int]] = {}
    status: str | None = None
    with connected() as client:
        try:
            while True:
                run = client.executions.get_by_id(run_id)
                for step in sorted(_steps(client, run_id), key=lambda found: found.started_at):
                    if seen.get(step.step_name) != (step.status, step.tries):
                        seen[step.step_name] = (step.status, step.tries)
                        _print_line(step, f"step {step.step_name} {step.status}", as_json=as_json)
                if run.status != status:
                    status = run.status
                    _print_line(
                        run, " ".join(filter(None, (status, run.error or _now(run)))), as_json=as_json
                    )
                if run.has_ended:
                    return
                time.sleep(interval)
        except KeyboardInterrupt:
            pass


@app.command()
def cancel(
    run_id: RunId,
    *,
    reason: Annotated[str | None, typer.Option(help="Why.")] = None,
    as_json: AsJson = False,
) -> None:
    """Cancel a run and the runs below it. Safe to repeat."""
    with connected() as client:
        run = client.executions.cancel(run_id, reason=reason, actor=getpass.getuser())
    typer.echo(run.model_dump_json(exclude={"created"}) if as_json else f"cancelled {plain(run.run_id)}")


def _steps(client: Client, run_id: str) -> Iterator[Step]:
    after: str | None = None
    while True:
        page = client.executions.list_steps(run_id, limit=_PAGE, after=after)
        yield from page
        if len(page) < _PAGE:
            return
        after = page[-1].step_name


def _spans(client: Client, run_id: str) -> Iterator[StoredSpan]:
    after: str | None = None
    while True:
        page = client.executions.list_traces(run_id, limit=_PAGE, after=after)
        yield from page
        if len(page) < _PAGE:
            return
        after = page[-1].span_id


def _tree(spans: Sequence[StoredSpan]) -> list[tuple[StoredSpan, int]]:
    """Return the spans with their depth, each after the one around it; else at the top."""
    known = {span.span_id for span in spans}
    inside: dict[str | None, list[StoredSpan]] = {}
    for span in reversed(spans):
        inside.setdefault(span.parent_span_id if span.parent_span_id in known else None, []).append(span)
    found: list[tuple[StoredSpan, int]] = []
    ahead = [(span, 0) for span in inside.pop(None, ())]
    while ahead:
        span, depth = ahead.pop()
        found.append((span, depth))
        ahead += [(inner, depth + 1) for inner in inside.pop(span.span_id, ())]
    return found + [(span, 0) for circle in inside.values() for span in circle]


def _document(model: BaseModel) -> dict[str, Any]:
    return model.model_dump(mode="json", exclude={"created"})


def _print_line(model: BaseModel, text: str, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(_document(model)))
    else:
        typer.echo(f"{datetime.now(UTC):%H:%M:%S} {plain(text)}")


def _row(run: Execution) -> tuple[str, ...]:
    steps = f"{run.completed_steps}/{run.total_steps}" if run.total_steps else str(run.completed_steps)
    took = _took(run.started_at, run.completed_at) or "-"
    return (run.run_id, run.workflow_id, run.status, steps, _time(run.created_at), took, _now(run) or "")


def _now(run: Execution) -> str | None:
    """Return what the run is at, or why it ended."""
    if run.status == "waiting":
        what = f"for {run.waiting_for}" if run.waiting_for else "" if run.due_at else "to be resumed"
        return f"{what} until {_time(run.due_at)}".strip() if run.due_at else what
    if run.status == "running":
        return " ".join(filter(None, (run.current_step, f"by {run.worker}")))
    return run.reason


def _step_row(step: Step) -> tuple[str, ...]:
    ms = "" if step.duration_ms is None else str(step.duration_ms)
    result = step.error or _short(step.output) or ""
    return (step.step_name, step.status, _time(step.started_at), ms, str(step.tries), result)


def _span_row(span: StoredSpan, depth: int) -> tuple[str, ...]:
    ms = f"{(span.ended_at - span.started_at).total_seconds() * 1000:.0f}"
    tokens = "" if span.input_tokens is None else f"{span.input_tokens}+{span.output_tokens or 0}"
    cost = "" if span.cost_usd is None else f"{span.cost_usd:.4f}"
    result = span.error or span.model or ""
    return ("  " * depth + span.name, span.kind, _time(span.started_at), ms, tokens, cost, result)


def _short(value: Any) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False)[:200]


def _time(time: datetime) -> str:
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def _took(start: datetime | None, end: datetime | None) -> str | None:
    if start is None:
        return None
    seconds = ((end or datetime.now(UTC)) - start).total_seconds()
    return f"{seconds:.1f} s" if seconds < 600 else f"{seconds / 60:.0f} min"
