"""What an export remembers: the horizon of each day, and what its file held."""

from __future__ import annotations

from datetime import date

from pydantic import BaseModel, ValidationError

from pylayer.errors import Conflict
from pylayer.export.kinds import Format, Kind

__all__ = ["Day", "ExportedFile", "Horizon", "Manifest", "State", "load_state"]


class Horizon(BaseModel):
    """Only what was recorded below ``(epoch, xid)`` is exported: nothing is added there any more."""

    epoch: int
    xid: int


class Contents(BaseModel):
    """What was written.

    Attributes:
        rows: number of rows.
        min_id, max_id: the first and the last id; None when there is no row, or no ULID in it.
    """

    rows: int = 0
    min_id: str | None = None
    max_id: str | None = None


class ExportedFile(Contents):
    """A file, with its size in bytes and its sha256 in hexadecimal."""

    size_bytes: int
    content_hash: str


class Day(BaseModel):
    """A day of the range, and its file once that is complete."""

    horizon: Horizon
    file: ExportedFile | None = None


class State(BaseModel):
    """The state file: what lets an export go on, and give the same bytes again."""

    type: str
    format: Format
    schema_version: int
    days: dict[date, Day] = {}


class ManifestFile(ExportedFile):
    """A complete file, as the manifest lists it."""

    path: str
    day: date
    horizon: Horizon


class Column(BaseModel):
    """A column, with its type in Postgres."""

    name: str
    type: str


class Manifest(BaseModel):
    """The manifest: written last, it lists every complete file of its folder."""

    type: str
    format: Format
    schema_version: int
    columns: list[Column]
    query: str
    rows: int
    size_bytes: int
    files: list[ManifestFile]


def load_state(body: bytes | None, kind: Kind, file_format: Format) -> State:
    """Return the state that a file holds, a new one without a file.

    Raises:
        Conflict: ``damaged_state``; ``other_schema_version``, its files have other columns.
    """
    if body is None:
        return State(type=kind.name, format=file_format, schema_version=kind.schema_version)
    try:
        state = State.model_validate_json(body)
    except ValidationError as error:
        raise Conflict(
            "the state file of the export is damaged",
            reason="damaged_state",
            detail=str(error.errors()[0]["msg"]),
            hint="export into another folder",
        ) from error
    if state.schema_version != kind.schema_version:
        raise Conflict(
            "the files of the folder have other columns",
            reason="other_schema_version",
            detail=f"version {state.schema_version}, now {kind.schema_version}",
            hint="export into another folder",
        )
    return state
