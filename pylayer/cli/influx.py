"""``pylayer export influx``."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from pylayer.cli.connection import connected
from pylayer.metrics import lines_of, post_lines

__all__ = ["influx"]


def influx(
    *,
    out: Annotated[Path | None, typer.Option(help="Write to this file (default: stdout).")] = None,
    url: Annotated[
        str | None,
        typer.Option(help="Send to a server instead, such as http://127.0.0.1:8086/write?db=pylayer."),
    ] = None,
    token: Annotated[
        str | None, typer.Option(envvar="INFLUX_TOKEN", help="API token of an InfluxDB 2 or 3.")
    ] = None,
) -> None:
    """Write the totals that /metrics shows of the database, as points of now in InfluxDB's line protocol."""
    with connected() as client:
        lines = list(lines_of(client.metrics.totals(), datetime.now(UTC)))
    if url is not None:
        post_lines(lines, url, token)
        typer.echo(f"{len(lines)} points sent", err=True)
    elif out is not None:
        out.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        typer.echo(f"{len(lines)} points in {out}", err=True)
    else:
        sys.stdout.writelines(f"{line}\n" for line in lines)
