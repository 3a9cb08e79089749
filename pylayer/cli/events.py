"""``pylayer events emit|query|tail``."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, NoReturn, cast

import typer

from pylayer.cli.connection import connected
from pylayer.cli.tables import Column, print_rows
from pylayer.cli.times import time_ago
from pylayer.client import Client
from pylayer.demo.text import plain
from pylayer.errors import InvalidInput
from pylayer.events import IngestResult, StoredEvent
from pylayer.ids import new_ulid

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Emit and read workflow events.")

_PAGE = 1000
_BATCH = 1000

Name = Annotated[str | None, typer.Option("--name", help="The event's name.")]
Run = Annotated[str | None, typer.Option("--run", help="The workflow run.")]
Item = Annotated[str | None, typer.Option("--item", help="The work item.")]
Workflow = Annotated[str | None, typer.Option("--workflow", help="The workflow.")]
Role = Annotated[str | None, typer.Option("--role", help="The agent's role.")]
Since = Annotated[str, typer.Option(help="An age such as 15m, 24h or 7d, or an ISO 8601 time.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")]


@app.command()
def emit(
    name: Annotated[
        str | None, typer.Argument(help="The event's name; without it, events are read as JSON lines.")
    ] = None,
    *,
    payload: Annotated[str, typer.Option(help="The payload, a JSON object.")] = "{}",
    event_id: Annotated[str | None, typer.Option("--id", help="ULID (default: a new one).")] = None,
    run: Run = None,
    item: Item = None,
    workflow: Workflow = None,
    role: Role = None,
    as_json: AsJson = False,
) -> None:
    """Store an event, or a stream of them: ``pylayer events emit < events.jsonl``.

    A stream is stored in batches of 1,000; bad events are reported and the exit code is 1.
    """
    with connected() as client:
        if name is None:
            results = list(_emit_lines(client, sys.stdin))
        else:
            event = {
                "event_id": event_id or new_ulid(),
                "event_name": name,
                "payload": _json_object(payload, "payload"),
                "run_id": run,
                "item_id": item,
                "workflow_name": workflow,
                "agent_role": role,
            }
            results = [client.events.ingest({k: v for k, v in event.items() if v is not None})]
    _print_results(results, as_json=as_json)
    if any(result.status == "refused" for result in results):
        raise typer.Exit(1)


def _emit_lines(client: Client, lines: Iterable[str]) -> Iterator[IngestResult]:
    batch: list[dict[str, Any]] = []
    done = 0
    for number, line in enumerate(lines, 1):
        if line.strip():
            batch.append(_json_object(line, f"line {number}"))
        if len(batch) == _BATCH:
            yield from _numbered(client.events.ingest_many(batch, on_error="report"), done)
            done += len(batch)
            batch = []
    if batch:
        yield from _numbered(client.events.ingest_many(batch, on_error="report"), done)


def _numbered(results: list[IngestResult], done: int) -> Iterator[IngestResult]:
    return (result.model_copy(update={"position": result.position + done}) for result in results)


def _json_object(text: str, what: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        _refuse(what, str(error))
    if not isinstance(value, dict):
        _refuse(what, f"a JSON {type(value).__name__}")
    return cast("dict[str, Any]", value)


def _refuse(what: str, detail: str) -> NoReturn:
    raise InvalidInput(f"{what} is not a JSON object", reason="not_an_object", detail=detail)


def _print_results(results: list[IngestResult], *, as_json: bool) -> None:
    if as_json:
        for result in results:
            typer.echo(result.model_dump_json(exclude_none=True))
        return
    if len(results) == 1 and results[0].status != "refused":
        typer.echo(f"{results[0].event_id} {results[0].status}")
        return
    for result in results:
        if result.status in {"refused", "conflict"}:
            why = " ".join(filter(None, (result.code, result.reason, result.detail)))
            typer.echo(
                f"event {result.position} {result.event_id or '-'}: {result.status} {why}".rstrip(), err=True
            )
    counts = {s: sum(r.status == s for r in results) for s in ("created", "duplicate", "conflict", "refused")}
    typer.echo(", ".join(f"{count} {status}" for status, count in counts.items() if count) or "no events")


@app.command()
def query(
    *,
    since: Since = "24h",
    until: Annotated[str | None, typer.Option(help="As --since (default: now and ahead).")] = None,
    name: Name = None,
    run: Run = None,
    item: Item = None,
    workflow: Workflow = None,
    role: Role = None,
    limit: Annotated[int, typer.Option(min=1, help="Most events to print.")] = 100,
    after: Annotated[str | None, typer.Option(help="Event id that ended the page before.")] = None,
    as_json: AsJson = False,
) -> None:
    """Print events of a time range in id order, oldest first."""
    filters = _filters(name, run, item, workflow, role)
    start, end = time_ago(since), time_ago(until) if until else None
    with connected() as client:
        found = list(_pages(client, start, end, filters, limit=limit, after=after))
    if as_json:
        for event in found:
            typer.echo(_json_line(event))
        return
    _print_events(found, by_item=item is not None)
    if len(found) == limit:
        typer.echo(f"more may follow: --after {found[-1].event_id}", err=True)


@app.command()
def tail(
    *,
    since: Since = "1m",
    name: Name = None,
    run: Run = None,
    item: Item = None,
    workflow: Workflow = None,
    role: Role = None,
    interval: Annotated[float, typer.Option(min=0.1, help="Seconds between polls.")] = 1.0,
    as_json: AsJson = False,
) -> None:
    """Follow new events until interrupted.

    Events that arrive later than ten seconds after newer ones may be passed over; query gives all.
    """
    filters = _filters(name, run, item, workflow, role)
    start = time_ago(since)
    seen: dict[str, datetime] = {}
    with connected() as client:
        try:
            while True:
                for event in _pages(client, start, None, filters):
                    if event.event_id not in seen:
                        seen[event.event_id] = cast("datetime", event.ts)
                        typer.echo(_json_line(event) if as_json else _text_line(event))
                start = max(start, max(seen.values(), default=start) - timedelta(seconds=10))
                seen = {event_id: ts for event_id, ts in seen.items() if ts >= start}
                time.sleep(interval)
        except KeyboardInterrupt:
            pass


def _print_events(events: list[StoredEvent], *, by_item: bool) -> None:
    """Print a line an event, with its item; its run where it has none or all have the same."""
    times = [cast("datetime", event.ts).astimezone(UTC) for event in events]
    form = "%H:%M:%S" if {ts.date() for ts in times} == {datetime.now(UTC).date()} else "%Y-%m-%d %H:%M:%S"
    columns = (
        Column("time (UTC)"),
        Column("event"),
        Column("run" if by_item else "item or run", cuttable=True),
        Column("payload", cuttable=True),
    )
    rows = [
        (
            f"{ts:{form}}",
            event.event_name,
            (event.run_id if by_item else event.item_id or event.run_id) or "",
            " ".join(f"{key}={_value(value)}" for key, value in event.payload.items()),
        )
        for ts, event in zip(times, events, strict=True)
    ]
    print_rows(columns, rows)


def _value(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _filters(*values: str | None) -> dict[str, str | None]:
    return dict(zip(("event_name", "run_id", "item_id", "workflow_name", "agent_role"), values, strict=True))


def _pages(
    client: Client,
    since: datetime,
    until: datetime | None,
    filters: dict[str, str | None],
    *,
    limit: int | None = None,
    after: str | None = None,
) -> Iterator[StoredEvent]:
    left = limit
    while left is None or left > 0:
        size = _PAGE if left is None else min(_PAGE, left)
        page = client.events.query(since, until, **filters, limit=size, after=after)
        yield from page
        if len(page) < size:
            return
        after = page[-1].event_id
        left = None if left is None else left - len(page)


def _json_line(event: StoredEvent) -> str:
    return event.model_dump_json(exclude_none=True)


def _text_line(event: StoredEvent) -> str:
    about = " ".join(filter(None, (event.run_id, event.item_id, event.agent_role)))
    ts = cast("datetime", event.ts).astimezone(UTC)
    payload = json.dumps(event.payload, ensure_ascii=False)
    return plain(f"{ts:%H:%M:%S} {event.event_name} {about} {payload}")
