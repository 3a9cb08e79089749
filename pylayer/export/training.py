"""`export_training`: a range of days to files, resumable, byte-equal when it is made again."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, BinaryIO

from pydantic import BaseModel
from ulid import ULID

from pylayer.calls import call_sql
from pylayer.config import Settings
from pylayer.errors import Conflict, Gone, InvalidInput, Retryable, translated
from pylayer.export.copying import columns_of, copied, query_of, streamed
from pylayer.export.kinds import Format, Kind, check_format, kind_named
from pylayer.export.places import Place, place_at
from pylayer.export.state import (
    Column,
    Day,
    ExportedFile,
    Horizon,
    Manifest,
    ManifestFile,
    State,
    load_state,
)
from pylayer.export.writing import require_packages, write_rows
from pylayer.migrate.session import Session, session

__all__ = ["Progress", "TrainingExport", "export_training"]

Progress = Callable[[date, int], None]
"""Called with a day and its rows so far: at its start, now and then, and when it is complete."""

_DAY = timedelta(days=1)
_CHUNK_BYTES = 2**20
_POLL_SECONDS = 0.05


class TrainingExport(BaseModel):
    """What an export wrote, or found complete.

    Attributes:
        manifest: where the manifest is.
        files: number of files, one a day.
        written: how many of them this run wrote; the others were there.
        rows: rows in all of them.
        size_bytes: their size.
    """

    manifest: str
    files: int
    written: int
    rows: int
    size_bytes: int


def export_training(
    settings: Settings,
    kind: str,
    start: date,
    end: date,
    *,
    file_format: Format = "jsonl",
    out: str = ".",
    below_floor: bool = False,
    wait: float = 60.0,
    progress: Progress | None = None,
) -> TrainingExport:
    """Export some days (UTC) to ``{out}/data/training/{kind}/``: events by their ``ts``, tasks by when they
    ended, calls of tools by when they were recorded, conversations by when they began.

    The first run of a day takes in all that is committed when it begins, and keeps that horizon in the state
    file. Later runs export the same rows for that day: what is complete is left as it is, what is missing
    is written again, with the same bytes. Safe to kill.

    Args:
        settings: where the database and the object storage are; the login needs the rights of
            ``pylayer_analyst``.
        kind: ``agent_events``, ``workflow_data``, ``agent_tasks``, ``tool_executions`` or ``chat``.
        start: the first day.
        end: the day after the last, which must have begun (UTC); for tasks and tools it must be over.
        file_format: ``csv``, ``jsonl`` or ``parquet``; chat is ``jsonl`` only.
        out: a folder, or ``s3://bucket/prefix``.
        below_floor: export days below the retention floor too, for months that were restored from archives.
        wait: seconds to wait for transactions that were writing when it began.
        progress: called as days go on.

    Raises:
        InvalidInput: ``unknown_type``, ``invalid_range``, ``bad_destination``,
            ``jsonl_only``, ``missing_packages``.
        Gone: ``below_retention_floor``, rows of the first day may have been removed; ``month_absent``, a
            month of the range had events and is not in the database.
        Conflict: ``export_differs``, the database does not hold the same rows any more; ``damaged_state``,
            ``other_schema_version``.
        Retryable: ``export_running``; ``horizon_held_back``, a transaction stays open.

    Example:
        >>> week = date(2026, 11, 2), date(2026, 11, 9)
        >>> export_training(Settings.load(), "agent_events", *week)             # doctest: +SKIP
    """
    chosen = kind_named(kind)
    check_format(chosen, file_format)
    require_packages(file_format)
    _check_range(chosen, start, end)
    place = place_at(out, f"data/training/{chosen.name}", settings)
    with session(settings.require_database_url(direct=True)) as connection:
        _lock(connection, place)
        if not below_floor:
            _refuse_removed(connection, chosen, start)
        if chosen.source == "events":
            _refuse_absent(connection, start, end)
        export = _Export(connection, chosen, file_format, place, below_floor, wait, progress or _silent)
        return export.run(start, end)


def _lock(connection: Session, place: Place) -> None:
    """Take the lock of the destination, until the session ends."""
    query = "select pg_try_advisory_lock(hashtextextended(%s, 0))"
    with translated():
        row = connection.execute(query, (f"pylayer export {place.locate('')}",)).fetchone()
    if not (row and row[0]):
        raise Retryable(
            "another export to the same place is running",
            code="55P03",
            reason="export_running",
            detail=place.locate(""),
            hint="wait for it to end",
        )


def _check_range(kind: Kind, start: date, end: date) -> None:
    today = datetime.now(UTC).date()
    records = kind.source == "records"
    if start < end <= (today if records else today + _DAY):
        return
    raise InvalidInput(
        f"range is not a range of days that {'are over' if records else 'have begun'}",
        reason="invalid_range",
        detail=f"{start} to {end}",
        hint="the end is the day after the last one",
    )


def _refuse_removed(connection: Session, kind: Kind, start: date) -> None:
    """Refuse days of which something may have been removed: a file without it would look complete."""
    if kind.source == "events":
        kept_from = ULID.from_str(str(_row(connection, "telemetry.retention_floor")[0])).datetime.date()
        hint = "or restore the months from their archives (pylayer archive restore) and pass --below-floor"
    elif kind.kept_from:
        kept_from = (_row(connection, kind.kept_from)[0]).astimezone(UTC).date() + _DAY
        hint = "or pass --below-floor to have what is left of them"
    else:
        return
    if start < kept_from:
        raise Gone(
            "rows of these days have been removed, or may be at any time",
            reason="below_retention_floor",
            detail=f"{start} lies before {kept_from}",
            hint=f"export from {kept_from} on, {hint}",
        )


def _refuse_absent(connection: Session, start: date, end: date) -> None:
    """Refuse days whose events are not all there: a file without them would look complete."""
    params = {"p_from": f"{start} 00:00Z", "p_to": f"{end} 00:00Z"}
    with translated():
        query = call_sql("telemetry.absent_months", params).encode()
        months = [f"{month:%Y-%m}" for month, *_ in connection.execute(query, params).fetchall()]
    if months:
        raise Gone(
            "events of these days are not in the database",
            reason="month_absent",
            detail=", ".join(months),
            hint=f"pylayer archive restore {months[0]}, if it has an archive",
        )


def _row(connection: Session, function: str) -> Sequence[Any]:
    with translated():
        row = connection.execute(call_sql(function, ()).encode()).fetchone()
    return row or ()


def _take_transaction_id(connection: Session) -> None:
    """Use up one: whoever writes now has a lower one, so a horizon above it has waited for them all."""
    with translated():
        connection.execute("select pg_current_xact_id()")


def _horizon(connection: Session, wait: float) -> Horizon:
    """Return a horizon above all that is committed now."""
    deadline = time.monotonic() + wait
    _, _, wanted = _row(connection, "telemetry.snapshot_horizon")
    while True:
        epoch, xid, _ = _row(connection, "telemetry.snapshot_horizon")
        if xid >= wanted:
            return Horizon(epoch=epoch, xid=xid)
        if time.monotonic() >= deadline:
            raise Retryable(
                "a transaction that writes stays open, so newer events can't be told from late ones",
                code="55P03",
                reason="horizon_held_back",
                detail=f"at transaction {xid}, wanted {wanted}",
                hint="wait for it, or find it by backend_xid in pg_stat_activity; other databases count too",
            )
        time.sleep(_POLL_SECONDS)


@dataclass(frozen=True, slots=True)
class _Export:
    connection: Session
    kind: Kind
    file_format: Format
    place: Place
    below_floor: bool
    wait: float
    progress: Progress

    def run(self, start: date, end: date) -> TrainingExport:
        state = load_state(self.place.read(self._state_name), self.kind, self.file_format)
        columns = columns_of(self.connection, self.kind)
        days = [start + n * _DAY for n in range((end - start).days)]
        if new := [day for day in days if day not in state.days]:
            if self.kind.source == "records":
                _take_transaction_id(self.connection)
            horizon = _horizon(self.connection, self.wait)
            state.days.update((day, Day(horizon=horizon)) for day in new)
            self._save(state)
        written = sum(self._complete(state, day, columns) for day in days)
        self.place.write(self._manifest_name, _json(self._manifest(state, columns)))
        files = [file for day in days if (file := state.days[day].file)]
        return TrainingExport(
            manifest=self.place.locate(self._manifest_name),
            files=len(files),
            written=written,
            rows=sum(file.rows for file in files),
            size_bytes=sum(file.size_bytes for file in files),
        )

    @property
    def _state_name(self) -> str:
        return f"_state_{self.file_format}.json"

    @property
    def _manifest_name(self) -> str:
        return f"_manifest_{self.file_format}.json"

    def _name(self, day: date) -> str:
        return f"{self.kind.name}_{day:%Y-%m-%d}.{self.file_format}"

    def _save(self, state: State) -> None:
        self.place.write(self._state_name, _json(state))

    def _complete(self, state: State, day: date, columns: Sequence[Column]) -> bool:
        """Write a day unless its file is there with the recorded bytes; return whether it was written."""
        known = state.days[day].file
        if known and self.place.holds(self._name(day), known.size_bytes, known.content_hash):
            self.progress(day, known.rows)
            return False
        with self.place.partial() as file:
            self.progress(day, 0)
            query = query_of(self.kind, self.file_format)
            with copied(self.connection, query, day, state.days[day].horizon) as lines:
                told = streamed(lines, lambda rows: self.progress(day, rows))
                contents = write_rows(told, file, self.kind, self.file_format, columns)
            self._refuse_left(day)
            size, digest = file.seek(0, os.SEEK_END), _sha256(file)
            found = ExportedFile(**contents.model_dump(), size_bytes=size, content_hash=digest)
            if known and known != found:
                raise _differs(self._name(day), known, found)
            self.place.store(file, self._name(day), size, digest)
        state.days[day].file = found
        self._save(state)
        self.progress(day, found.rows)
        return True

    def _refuse_left(self, day: date) -> None:
        """Refuse a day whose rows may have been removed while they were read."""
        if self.kind.source == "events":
            _refuse_absent(self.connection, day, day + _DAY)
        elif not self.below_floor:
            _refuse_removed(self.connection, self.kind, day)

    def _manifest(self, state: State, columns: list[Column]) -> Manifest:
        files = [
            ManifestFile(path=self._name(day), day=day, horizon=entry.horizon, **entry.file.model_dump())
            for day, entry in sorted(state.days.items())
            if entry.file
        ]
        return Manifest(
            type=self.kind.name,
            format=self.file_format,
            schema_version=self.kind.schema_version,
            columns=columns,
            query=query_of(self.kind, self.file_format),
            rows=sum(file.rows for file in files),
            size_bytes=sum(file.size_bytes for file in files),
            files=files,
        )


def _sha256(file: BinaryIO) -> str:
    digest = hashlib.sha256()
    file.seek(0)
    while chunk := file.read(_CHUNK_BYTES):
        digest.update(chunk)
    return digest.hexdigest()


def _json(model: BaseModel) -> bytes:
    return model.model_dump_json(indent=2).encode() + b"\n"


def _differs(name: str, known: ExportedFile, found: ExportedFile) -> Conflict:
    return Conflict(
        "the day's rows are not what was exported before",
        reason="export_differs",
        detail=f"{name}: {found.rows} rows, sha256 {found.content_hash}; "
        f"before {known.rows} rows, sha256 {known.content_hash}",
        hint="rows were removed by retention, failed tasks queued again, or another database or version of "
        "the packages is used: export into another folder",
    )


def _silent(_day: date, _rows: int) -> None:
    return None
