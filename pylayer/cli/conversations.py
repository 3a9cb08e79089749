"""``pylayer conversations list|show|search``."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from pydantic import BaseModel

from pylayer.cli.connection import connected
from pylayer.cli.tables import Column, print_rows, printable
from pylayer.conversations import StoredMessage

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Read conversations.")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Agent = Annotated[str | None, typer.Option(help="The agent that it is held with.")]
Project = Annotated[str | None, typer.Option(help="The project.")]
Limit = Annotated[int, typer.Option(min=1)]

_BEFORE, _PIECE = 30, 200  # characters


@app.command("list")
def list_conversations(
    *,
    agent: Agent = None,
    run: Annotated[str | None, typer.Option(help="The run that it belongs to.")] = None,
    project: Project = None,
    limit: Limit = 100,
    after: Annotated[str | None, typer.Option(help="The id that ended the page before.")] = None,
    as_json: AsJson = False,
) -> None:
    """List conversations, newest first."""
    with connected() as client:
        found = client.conversations.list(
            agent_id=agent, run_id=run, project_id=project, limit=limit, after=after
        )
    if as_json:
        _print_json(found)
        return
    columns = (
        Column("conversation"),
        Column("messages", right=True),
        Column("last (UTC)"),
        Column("title", cuttable=True),
        Column("agent", cuttable=True),
    )
    print_rows(
        columns,
        [
            (c.instance_id, str(c.message_count), _minute(c.updated_at), c.title or "", c.agent_id or "")
            for c in found
        ],
    )


@app.command()
def show(
    instance_id: Annotated[str, typer.Argument(metavar="ID", help="The conversation's id.")],
    *,
    limit: Limit = 100,
    after: Annotated[
        int | None, typer.Option(min=0, help="Show those after this position (default: the newest).")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show the messages of a conversation, oldest first."""
    with connected() as client:
        start = max(0, client.conversations.get_by_id(instance_id).message_count - limit)
        start = start if after is None else after
        found = client.conversations.messages(instance_id, limit=limit, after=start)
    if as_json:
        _print_json(found)
        return
    for message in found:
        typer.echo(printable(_whole(message)))


@app.command()
def search(
    query: Annotated[
        str, typer.Argument(metavar="WORDS", help='As in a web search: "a phrase", or, -without.')
    ],
    *,
    conversation: Annotated[str | None, typer.Option(help="The id of a conversation.")] = None,
    agent: Agent = None,
    project: Project = None,
    limit: Limit = 20,
    as_json: AsJson = False,
) -> None:
    """Find messages by their text, newest first."""
    with connected() as client:
        found = client.conversations.search(
            query, instance_id=conversation, agent_id=agent, project_id=project, limit=limit
        )
    if as_json:
        _print_json(found)
        return
    columns = (
        Column("conversation"),
        Column("#", right=True),
        Column("when (UTC)"),
        Column("role"),
        Column("text", cuttable=True),
    )
    print_rows(
        columns,
        [
            (m.instance_id, str(m.position), _minute(m.created_at), m.role, _piece(m.content, query))
            for m in found
        ],
    )


def _piece(text: str, query: str) -> str:
    """Return what stands around the first of the words, on one line."""
    flat = " ".join(text.split())
    places = [flat.lower().find(word) for word in re.findall(r"\w+", query.lower())]
    begin = max(0, min((place for place in places if place >= 0), default=0) - _BEFORE)
    return ("…" if begin else "") + flat[begin : begin + _PIECE]


def _whole(message: StoredMessage) -> str:
    said_by = f" {message.agent_id}" if message.agent_id else ""
    kind = " (error)" if message.is_error else ""
    calls = [
        f"{call['function']['name']}({call['function']['arguments']})" for call in message.tool_calls or []
    ]
    heading = f"-- {message.position} {message.role}{said_by}{kind}, {_minute(message.created_at)}"
    return "\n".join([heading, *filter(None, [message.content, *calls]), ""])


def _minute(time: datetime) -> str:
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M}"


def _print_json(models: Sequence[BaseModel]) -> None:
    entries: list[Any] = [model.model_dump(mode="json") for model in models]
    typer.echo(json.dumps(entries, ensure_ascii=False, indent=2))
