"""``pylayer artifact put|get|show|ls|verify``."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from datetime import UTC
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import BaseModel
from rich.filesize import decimal

from pylayer.artifacts import ArtifactInfo, ArtifactReader, ArtifactVersion
from pylayer.artifacts.progress import shown
from pylayer.cli.connection import connected
from pylayer.cli.tables import Column, print_rows
from pylayer.errors import InvalidInput

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Store and read versioned artifacts.")

_CHUNK_BYTES = 1024 * 1024

Id = Annotated[str, typer.Argument(metavar="ID", help="The artifact's id.")]
Version = Annotated[int | None, typer.Option("--version", min=1, help="Default: the latest.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Type = Annotated[str | None, typer.Option("--type", help="The artifact's type.")]
Item = Annotated[str | None, typer.Option("--item", help="The work item that owns it.")]
Run = Annotated[str | None, typer.Option("--run", help="The run that made it.")]
Project = Annotated[str | None, typer.Option("--project", help="The project that it belongs to.")]
Tags = Annotated[list[str] | None, typer.Option("--tag", metavar="NAME=VALUE", help="May be repeated.")]


@app.command()
def put(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A file, or - for standard input.")],
    *,
    type: Type = None,
    artifact_id: Annotated[str | None, typer.Option("--id", help="Make a version of this artifact.")] = None,
    mime_type: Annotated[str | None, typer.Option("--mime", help="Default: by the file's name.")] = None,
    expected_version: Annotated[int | None, typer.Option("--expected-version", min=0)] = None,
    item: Item = None,
    run: Run = None,
    project: Project = None,
    tag: Tags = None,
    as_json: AsJson = False,
) -> None:
    """Store a file as a new artifact, or as the next version of one."""
    content = sys.stdin.buffer if file == "-" else Path(file)
    if type is None and artifact_id is None:
        raise InvalidInput("a new artifact needs a type", reason="type_missing", hint="add --type or --id")
    with connected() as client:
        if type is None and artifact_id is not None:
            stored = client.artifacts.create_version(
                artifact_id, content=content, mime_type=mime_type, expected_version=expected_version
            )
        else:
            stored = client.artifacts.write(
                type=type or "",
                content=content,
                artifact_id=artifact_id,
                mime_type=mime_type,
                expected_version=expected_version,
                owner_item_id=item,
                owner_run_id=run,
                project_id=project,
                tags=_tags(tag),
            )
    _print_one(stored, as_json=as_json)


@app.command()
def get(
    artifact_id: Id,
    version: Version = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write to this file instead of standard output.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Read the content of an artifact, verified; a file appears only when all of it is right."""
    if as_json and output is None:
        raise InvalidInput("--json needs --output", reason="output_missing", hint="add --output FILE")
    with connected() as client, client.artifacts.open(artifact_id, version) as stream:
        if output is None:
            _copy(stream, sys.stdout.buffer)
            sys.stdout.buffer.flush()
            return
        _save(stream, output)
        if as_json:
            _print_json(stream.content.model_dump(mode="json", exclude={"inline_content_text"}))


@app.command()
def show(artifact_id: Id, version: Version = None, as_json: AsJson = False) -> None:
    """Show what is known of an artifact, without reading its content."""
    with connected() as client:
        _print_one(client.artifacts.stat(artifact_id, version), as_json=as_json)


@app.command()
def ls(
    artifact_id: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="List this artifact's versions.")
    ] = None,
    *,
    type: Type = None,
    item: Item = None,
    run: Run = None,
    project: Project = None,
    tag: Tags = None,
    limit: Annotated[int, typer.Option(min=1)] = 100,
    after: Annotated[str | None, typer.Option(help="The id or version that ended the page before.")] = None,
    as_json: AsJson = False,
) -> None:
    """List artifacts, or the versions of one, newest first."""
    with connected() as client:
        if artifact_id is not None:
            before = None if after is None else _number(after)
            found = client.artifacts.list_versions(artifact_id, limit=limit, before=before)
        else:
            found = client.artifacts.list(
                type=type,
                owner_item_id=item,
                owner_run_id=run,
                project_id=project,
                tags=_tags(tag),
                limit=limit,
                after=after,
            )
    if as_json:
        _print_json([entry.model_dump(mode="json") for entry in found])
    else:
        _print_table(found)


@app.command()
def verify(artifact_id: Id, version: Version = None, as_json: AsJson = False) -> None:
    """Read every version, or one, and compare the hashes; exit code 1 when one is wrong."""
    with connected() as client:
        report = client.artifacts.verify(artifact_id, version)
    if as_json:
        _print_json(report.model_dump(mode="json"))
    else:
        for check in report.checks:
            typer.echo(f"v{check.version}  {check.status}  {check.content_hash}")
    if not report.ok:
        raise typer.Exit(1)


def _copy(stream: ArtifactReader, target: Any) -> None:
    with shown("downloading", stream.content.size_bytes, None) as tell:
        while chunk := stream.read(_CHUNK_BYTES):
            target.write(chunk)
            tell(len(chunk))


def _save(stream: ArtifactReader, output: Path) -> None:
    try:
        file = tempfile.NamedTemporaryFile(dir=output.parent, prefix=f".{output.name}.", delete=False)  # noqa: SIM115
    except OSError as error:
        raise InvalidInput("the output can't be written", reason="bad_output", detail=str(error)) from error
    partial = Path(file.name)
    try:
        with file:
            _copy(stream, file)
        if output.exists():
            shutil.copymode(output, partial)
        else:
            partial.chmod(0o666 & ~_umask())
        partial.replace(output)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def _umask() -> int:
    current = os.umask(0o077)
    os.umask(current)
    return current


def _number(text: str) -> int:
    if text.isdecimal():
        return int(text)
    raise InvalidInput("--after must be a version here", reason="bad_version", detail=text)


def _tags(given: list[str] | None) -> dict[str, str] | None:
    if not given:
        return None
    pairs = [entry.partition("=") for entry in given]
    if wrong := ["".join(pair) for pair in pairs if not (pair[0] and pair[1])]:
        raise InvalidInput("a tag is NAME=VALUE", reason="bad_tag", detail=", ".join(wrong))
    return {name: value for name, _, value in pairs}


def _print_json(value: Any) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2))


def _print_one(version: ArtifactVersion, *, as_json: bool) -> None:
    if as_json:
        _print_json(version.model_dump(mode="json"))
        return
    for name, value in _shown_fields(version).items():
        typer.echo(f"{name:<18}{value}")


def _shown_fields(version: BaseModel) -> dict[str, Any]:
    fields = version.model_dump(mode="json", exclude_none=True)
    if isinstance(version, ArtifactInfo):
        fields.pop("created")
    return fields


def _print_table(found: list[ArtifactInfo]) -> None:
    columns = (
        Column("artifact"),
        Column("v", right=True),
        Column("type"),
        Column("size", right=True),
        Column("stored"),
        Column("created (UTC)"),
        Column("media type", cuttable=True),
    )
    rows = [
        (
            entry.artifact_id,
            str(entry.version),
            entry.type,
            decimal(entry.size_bytes),
            "deleted" if entry.deleted else entry.storage_backend,
            f"{entry.created_at.astimezone(UTC):%Y-%m-%d %H:%M}",
            entry.mime_type,
        )
        for entry in found
    ]
    print_rows(columns, rows)
