"""``pylayer key create|list|revoke``."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated

import typer

from pylayer.cli.connection import connected
from pylayer.cli.tables import Column, print_rows
from pylayer.cli.times import time_ahead
from pylayer.keys import ApiKey

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Make, list and revoke API keys.")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="What the key is for.")],
    *,
    role: Annotated[str, typer.Option(help="The database role of its requests.")] = "pylayer_agent",
    scope: Annotated[
        list[str] | None, typer.Option(help="What it may be used for; repeatable (default: all of the role).")
    ] = None,
    expires: Annotated[
        str | None, typer.Option(help="A span such as 90d, or an ISO 8601 time (default: never).")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a key and print its secret, on stdout alone, this once: ``KEY=$(pylayer key create ci)``."""
    expires_at = time_ahead(expires) if expires else None
    with connected() as client:
        key = client.keys.create(name, role=role, scopes=scope, expires_at=expires_at)
    if as_json:
        typer.echo(key.model_dump_json())
        return
    typer.echo(key.secret)
    until = f"until {_minute(key.expires_at)}" if key.expires_at else "until it is revoked"
    typer.echo(f"key {key.key_id}: {key.role}, {', '.join(key.scopes)}; valid {until}", err=True)
    typer.echo("the secret is not shown again", err=True)


@app.command("list")
def list_keys(
    *,
    include_revoked: Annotated[bool, typer.Option("--all", help="Revoked keys too.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the keys, never their secrets."""
    with connected() as client:
        keys = client.keys.list(include_revoked)
    if as_json:
        typer.echo(json.dumps([key.model_dump(mode="json") for key in keys]))
        return
    columns = (
        Column("prefix"),
        Column("name", cuttable=True),
        Column("role"),
        Column("state"),
        Column("last used (UTC)"),
        Column("scopes", cuttable=True),
    )
    print_rows(columns, [_row(key) for key in keys])


@app.command()
def revoke(
    key: Annotated[str, typer.Argument(help="Its id or prefix.")],
    as_json: AsJson = False,
) -> None:
    """Revoke a key for good. Safe to repeat."""
    with connected() as client:
        revoked = client.keys.revoke(key)
    typer.echo(revoked.model_dump_json() if as_json else f"revoked {revoked.prefix} {revoked.name}")


def _row(key: ApiKey) -> tuple[str, ...]:
    last_used = _minute(key.last_used_at) if key.last_used_at else "never"
    return (key.prefix, key.name, key.role, _state(key), last_used, ", ".join(key.scopes))


def _state(key: ApiKey) -> str:
    if key.revoked_at:
        return "revoked"
    if key.expires_at and key.expires_at <= datetime.now(UTC):
        return "expired"
    return "valid"


def _minute(time: datetime) -> str:
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M}"
