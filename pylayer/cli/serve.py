"""``pylayer serve``: the HTTP API in this process, until it is told to stop."""

from __future__ import annotations

from typing import Annotated

import typer

from pylayer.cli.connection import connected, program
from pylayer.config import Settings
from pylayer.errors import Forbidden
from pylayer.server import require_packages

__all__ = ["register", "serve"]


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 is any free one.")] = 8000,
) -> None:
    """Serve the HTTP API. SIGTERM and Ctrl-C let requests under way finish.

    Without an API key in the database only a loopback address is served, to any process of this machine.
    """
    require_packages()
    from pylayer.server.run import run

    settings = Settings.load()
    with connected(settings) as client:
        require_key = client.keys.exist()
    if not require_key:
        _refuse_others(host)
    run(settings, host, port, require_key=require_key, started=lambda url: _tell(url, require_key))


def _refuse_others(host: str) -> None:
    """Refuse to serve other machines without a key.

    Raises:
        Forbidden: the address is not this machine's alone.
    """
    from pylayer.server.loopback import is_loopback

    if not is_loopback(host):
        raise Forbidden(
            "without an API key only a loopback address is served",
            reason="no_api_key",
            detail=f"host {host}",
            hint=f"{program()} key create NAME",
        )


def _tell(url: str, require_key: bool) -> None:
    if not require_key:
        typer.echo(
            "there is no API key: every process of this machine may write and read, as pylayer_agent.\n"
            f"To ask for keys, make one and start again: {program()} key create NAME",
            err=True,
        )
    typer.echo(f"listening on {url}")


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(serve)
