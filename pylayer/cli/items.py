"""``pylayer items list|show|create|move|assign|comment|history|search|states``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from pydantic import BaseModel

from pylayer.cli.connection import connected
from pylayer.cli.tables import Column, print_rows, printable
from pylayer.client import Client
from pylayer.items import Comment, Item

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Make, move and read work items.")

Id = Annotated[str, typer.Argument(metavar="ID", help="The item's id.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Actor = Annotated[str | None, typer.Option(help="Who does it (default: the login).")]
Project = Annotated[str | None, typer.Option(help="The project.")]
Type = Annotated[str | None, typer.Option("--type", help="The type, such as story.")]
Limit = Annotated[int, typer.Option(min=1)]
User = Annotated[str | None, typer.Option(help="A user, by username or id.")]
Agent = Annotated[str | None, typer.Option(help="The id of an agent.")]


@app.command("list")
def list_items(
    *,
    project: Project = None,
    type: Type = None,
    state: Annotated[str | None, typer.Option(help="The state.")] = None,
    closed: Annotated[
        bool | None, typer.Option("--closed/--open", help="Only closed, or only open ones.")
    ] = None,
    user: User = None,
    agent: Agent = None,
    limit: Limit = 100,
    after: Annotated[str | None, typer.Option(help="The id that ended the page before.")] = None,
    as_json: AsJson = False,
) -> None:
    """List items, newest first."""
    with connected() as client:
        found = client.items.list(
            project_id=project,
            item_type=type,
            state=state,
            open=None if closed is None else not closed,
            user_id=_user_id(client, user),
            agent_id=agent,
            limit=limit,
            after=after,
        )
    if as_json:
        _print_json(found)
        return
    columns = (
        Column("item"),
        Column("type"),
        Column("state"),
        Column("P", right=True),
        Column("since"),
        Column("title", cuttable=True),
        Column("assigned to", cuttable=True),
    )
    shown = len(columns) if any(map(_assignee, found)) else len(columns) - 1  # the title needs the room
    print_rows(columns[:shown], [_row(item)[:shown] for item in found])


@app.command()
def show(item_id: Id, as_json: AsJson = False) -> None:
    """Show an item with its comments."""
    with connected() as client:
        item, comments = client.items.get_by_id(item_id), client.comments.list(item_id, limit=1000)
    if as_json:
        shown = item.model_dump(mode="json") | {"comments": [c.model_dump(mode="json") for c in comments]}
        typer.echo(json.dumps(shown, ensure_ascii=False, indent=2))
        return
    _print_fields(item)
    for comment in comments:
        typer.echo(printable(f"\n{_heading(comment)}\n{comment.body}"))


@app.command()
def create(
    type: Annotated[str, typer.Argument(metavar="TYPE", help="The type, such as story.")],
    title: Annotated[str, typer.Argument(metavar="TITLE")],
    *,
    item_id: Annotated[str | None, typer.Option("--id", help="An id of your own.")] = None,
    state: Annotated[str | None, typer.Option(help="Another initial state.")] = None,
    description: Annotated[str | None, typer.Option(help="The description.")] = None,
    priority: Annotated[int, typer.Option(min=0, max=4, help="0 (first) to 4.")] = 2,
    project: Project = None,
    actor: Actor = None,
    as_json: AsJson = False,
) -> None:
    """Make an item."""
    with connected() as client:
        item = client.items.create(
            type,
            title,
            item_id=item_id,
            state=state,
            description=description,
            priority=priority,
            project_id=project,
            actor=actor,
        )
    _print_one(item, f"{item.item_id}  {item.state}", as_json=as_json)


@app.command()
def move(
    item_id: Id,
    to_state: Annotated[str, typer.Argument(metavar="STATE", help="The state to enter.")],
    *,
    expected: Annotated[
        str | None, typer.Option("--from", help="Refuse when it is in another state.")
    ] = None,
    reason: Annotated[str | None, typer.Option(help="Why.")] = None,
    actor: Actor = None,
    as_json: AsJson = False,
) -> None:
    """Change the state of an item; a move that is illegal names the legal ones."""
    with connected() as client:
        change = client.items.transition(
            item_id, to_state, expected_state=expected, actor=actor, reason=reason
        )
    _print_one(change, f"{item_id}  {change.from_state} -> {change.to_state}", as_json=as_json)


@app.command()
def assign(item_id: Id, *, user: User = None, agent: Agent = None, as_json: AsJson = False) -> None:
    """Assign an item to a user or an agent; without either, to nobody."""
    with connected() as client:
        item = client.items.assign(item_id, user_id=_user_id(client, user), agent_id=agent)
    _print_one(item, f"{item_id}  {user or agent or 'nobody'}", as_json=as_json)


@app.command()
def comment(
    item_id: Id,
    body: Annotated[str, typer.Argument(metavar="TEXT")],
    *,
    author: Annotated[str | None, typer.Option(help="Who writes (default: the login).")] = None,
    ai: Annotated[bool, typer.Option("--ai", help="An AI writes.")] = False,
    as_json: AsJson = False,
) -> None:
    """Comment on an item."""
    with connected() as client:
        added = client.comments.add(item_id, body, author=author, is_ai=ai)
    _print_one(added, f"comment {added.comment_id}", as_json=as_json)


@app.command()
def history(
    item_id: Id,
    *,
    limit: Limit = 100,
    after: Annotated[int, typer.Option(min=0, help="The number that ended the page before.")] = 0,
    as_json: AsJson = False,
) -> None:
    """List the changes of an item's state, in order."""
    with connected() as client:
        found = client.items.history(item_id, limit=limit, after=after)
    if as_json:
        _print_json(found)
        return
    columns = (
        Column("#", right=True),
        Column("when (UTC)"),
        Column("from"),
        Column("to"),
        Column("after", right=True),
        Column("actor", cuttable=True),
        Column("reason", cuttable=True),
    )
    rows = [
        (
            str(change.seq),
            _minute(change.occurred_at),
            change.from_state or "",
            change.to_state,
            "" if change.time_in_state_seconds is None else f"{change.time_in_state_seconds:.0f} s",
            change.actor,
            change.reason or "",
        )
        for change in found
    ]
    print_rows(columns, rows)


@app.command()
def search(
    query: Annotated[
        str, typer.Argument(metavar="WORDS", help='As in a web search: "a phrase", or, -without.')
    ],
    *,
    project: Project = None,
    type: Type = None,
    limit: Limit = 20,
    as_json: AsJson = False,
) -> None:
    """Find items by title, description and comments, the best match first."""
    with connected() as client:
        found = client.items.search(query, project_id=project, item_type=type, limit=limit)
    if as_json:
        _print_json(found)
        return
    columns = (Column("item"), Column("state"), Column("title", cuttable=True), Column("text", cuttable=True))
    print_rows(columns, [(m.item_id, m.state, m.title, " ".join(m.snippet.split())) for m in found])


@app.command()
def states(
    type: Annotated[str | None, typer.Argument(metavar="[TYPE]", help="Default: every type.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the states of a type of item, with the moves from each."""
    with connected() as client:
        found = client.items.states(type)
    if as_json:
        _print_json(found)
        return
    columns = (Column("type"), Column("state"), Column("kind"), Column("goes to", cuttable=True))
    kinds = ["initial" if state.is_initial else "final" if state.is_final else "" for state in found]
    rows = [
        (state.item_type, state.state, kind, ", ".join(state.to_states))
        for state, kind in zip(found, kinds, strict=True)
    ]
    print_rows(columns, rows)


def _user_id(client: Client, user: str | None) -> str | None:
    return None if user is None else client.users.get_by_id(user).user_id


def _row(item: Item) -> tuple[str, ...]:
    since = f"{item.state_since.astimezone(UTC):%Y-%m-%d}" if item.state_since else ""
    return (
        item.item_id,
        item.item_type,
        item.state or "",
        str(item.priority),
        since,
        item.title,
        _assignee(item),
    )


def _assignee(item: Item) -> str:
    return item.assigned_agent_id or item.assigned_user_id or ""


def _heading(comment: Comment) -> str:
    kind, edited = " (AI)" if comment.is_ai else "", ", edited" if comment.edited_at else ""
    return f"-- {comment.author}{kind}, {_minute(comment.created_at)}{edited}"


def _minute(time: datetime) -> str:
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M}"


def _print_fields(item: Item) -> None:
    fields = item.model_dump(mode="json", exclude_none=True)
    for name, value in fields.items():
        if value not in ([], {}):
            typer.echo(printable(f"{name:<18}{value}"))


def _print_one(model: BaseModel, line: str, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(model.model_dump(mode="json"), ensure_ascii=False, indent=2))
    else:
        typer.echo(line)


def _print_json(models: Sequence[BaseModel]) -> None:
    entries: list[Any] = [model.model_dump(mode="json") for model in models]
    typer.echo(json.dumps(entries, ensure_ascii=False, indent=2))
