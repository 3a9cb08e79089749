"""`backup`: a dump, and every object that the dump's own snapshot refers to."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from ulid import ULID

from pylayer.backup.manifest import Blob, Damage, Folder, Manifest, Progress, write_synced
from pylayer.backup.parallel import Meter, for_each
from pylayer.backup.programs import find_program, run_program
from pylayer.blobs import BlobStore
from pylayer.calls import call_sql, json_call_sql
from pylayer.config import Settings
from pylayer.errors import Conflict, Gone, InvalidInput, NotFound, Retryable, translated
from pylayer.export.copying import JSON_LINES
from pylayer.migrate.session import Session, session

__all__ = ["BackupReport", "backup"]

_OWN = {".lock", "blobs", "blobs.jsonl", "database", "manifest.partial"}
_LOCK_WAIT = "60s"
_WAIT_SECONDS = 5.0
_POLL_SECONDS = 0.1


class BackupReport(BaseModel):
    """What a backup holds.

    Attributes:
        path: its folder.
        database_bytes: size of the dump.
        blobs, blob_bytes: objects that the database refers to, and their size.
        deleted: keys of objects that were deleted on purpose meanwhile; a restore records that.
        damaged: objects that the bucket did not have, or not as they should be. Empty in good health.
    """

    path: str
    database_bytes: int
    blobs: int
    blob_bytes: int
    deleted: list[str]
    damaged: list[Damage]


def backup(settings: Settings, out: Path, *, jobs: int = 1, progress: Progress | None = None) -> BackupReport:
    """Save the database and the objects that it refers to in a folder.

    The dump and the list of objects are of one snapshot. Nothing is locked against readers or writers.
    Killed, it goes on when made again in the same folder: the dump anew, the objects that are there kept.

    Args:
        settings: where the database and the object storage are; the login must be able to read every table.
        out: a folder that is empty, does not exist, or holds a backup that was killed.
        jobs: connections that dump at once.
        progress: called as it goes on, also from other threads.

    Raises:
        Conflict: ``backup_exists``; ``program_failed``, pg_dump.
        InvalidInput: ``bad_directory``, the folder holds something else; ``no_object_store``.
        Retryable: ``backup_running``, in this folder.
        Unavailable: ``missing_program``, or a server is away; make it again.

    Example:
        >>> backup(Settings.load(), Path("backups/2026-11-21")).blobs           # doctest: +SKIP
        12
    """
    url = settings.require_database_url(direct=True)
    folder = Folder(out)
    with session(url) as connection, _claimed(folder) as lock:
        program = find_program("pg_dump", connection.info.server_version // 10000)
        saving = _Saving(connection, folder, BlobStore.from_settings(settings), progress or _silent)

        def dump(snapshot: str) -> None:
            arguments = ["--format=directory", f"--jobs={jobs}", f"--file={folder.database}"]
            arguments += [
                f"--snapshot={snapshot}",
                f"--lock-wait-timeout={_LOCK_WAIT}",
                "--no-unlogged-table-data",
            ]
            run_program(program, arguments, url, saving.say, keep_open=lock)

        return saving.run(dump)


@contextmanager
def _claimed(folder: Folder) -> Generator[int]:
    """Make the folder, and hold its lock; pg_dump holds it too, should it outlive its starter."""
    if folder.is_complete:
        raise Conflict(
            "the folder holds a complete backup",
            reason="backup_exists",
            detail=str(folder.path),
            hint="name another folder",
        )
    try:
        folder.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        foreign = {entry.name for entry in folder.path.iterdir()} - _OWN
    except OSError as error:
        raise _bad_directory(str(error)) from error
    if foreign:
        raise _bad_directory(f"{folder.path} holds {', '.join(sorted(foreign)[:3])}")
    descriptor = os.open(folder.path / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _lock(descriptor, folder)
        yield descriptor
    finally:
        os.close(descriptor)


def _lock(descriptor: int, folder: Folder) -> None:
    """Take the lock of the folder; the pg_dump of a killed backup gives it back within moments."""
    deadline = time.monotonic() + _WAIT_SECONDS
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() > deadline:
                raise Retryable(
                    "another backup to this folder is running",
                    code="55P03",
                    reason="backup_running",
                    detail=str(folder.path),
                    hint="wait for it to end",
                ) from error
            time.sleep(_POLL_SECONDS)


def _bad_directory(detail: str) -> InvalidInput:
    return InvalidInput(
        "the folder can't hold a backup", reason="bad_directory", detail=detail, hint="name an empty folder"
    )


_Dump = Callable[[str], None]


class _Saving:
    """One backup."""

    def __init__(self, connection: Session, folder: Folder, blobs: BlobStore, progress: Progress) -> None:
        self._connection = connection
        self._folder = folder
        self._store = blobs
        self._progress = progress
        self._deleted: list[Blob] = []
        self._damaged: list[Damage] = []

    def say(self, line: str) -> None:
        self._progress(line, 0, None)

    def run(self, dump: _Dump) -> BackupReport:
        if self._folder.database.exists():
            shutil.rmtree(self._folder.database)
        created_at = datetime.now(UTC)
        epoch, count, size = self._dump(dump)
        if count:
            self._store.check()
        self._copy(size)
        self.say("writing the manifest")
        files = [*sorted(self._folder.database.iterdir()), self._folder.blob_list]
        manifest = Manifest(
            created_at=created_at,
            pylayer_version=version("pylayer-pg"),
            server_version=self._connection.info.parameter_status("server_version") or "",
            epoch=epoch,
            files=[self._folder.measured(file) for file in files],
            blobs=count,
            blob_bytes=size,
            deleted=sorted(self._deleted, key=lambda blob: blob.storage_key),
            damaged=sorted(self._damaged, key=lambda damage: damage.storage_key),
        )
        self._folder.save(manifest)
        return BackupReport(
            path=str(self._folder.path),
            database_bytes=sum(file.size_bytes for file in manifest.files[:-1]),
            blobs=count,
            blob_bytes=size,
            deleted=[blob.storage_key for blob in manifest.deleted],
            damaged=manifest.damaged,
        )

    def _dump(self, dump: _Dump) -> tuple[int, int, int]:
        """Dump the database and list its objects in one snapshot; return the epoch, their number and size."""
        with translated():
            epoch = int(self._value(call_sql("core.current_epoch", ())))
            with self._connection.transaction():
                self._connection.execute("set transaction isolation level repeatable read, read only")
                snapshot = str(self._value("select pg_export_snapshot()"))
                dump(snapshot)
                self.say("listing the objects")
                return epoch, *self._list()

    def _value(self, query: str) -> Any:
        row = self._connection.execute(query.encode()).fetchone()
        return row[0] if row else None

    def _list(self) -> tuple[int, int]:
        query = f"copy ({json_call_sql('core.referenced_blobs', ())}) to stdout with ({JSON_LINES})"
        count = size = 0
        with (
            self._folder.blob_list.open("wb") as file,
            self._connection.cursor() as cursor,
            cursor.copy(query.encode()) as copy,
        ):
            for line in copy:
                count += 1
                size += Blob.model_validate_json(bytes(line)).size_bytes
                file.write(line)
        return count, size

    def _copy(self, size: int) -> None:
        for partial in self._folder.partial_blobs():
            partial.unlink()
        meter = Meter("copying objects", size, self._progress)
        for_each(self._folder.listed(), lambda blob: self._save(blob, meter))

    def _save(self, blob: Blob, meter: Meter) -> None:
        target = self._folder.blob(blob)
        if target.exists():  # it got its name once it was complete and right
            meter.add(blob.size_bytes)
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(f"{target.name}.{ULID()}.partial")
        try:
            if self._download(blob, partial, meter) == blob.content_hash:
                partial.replace(target)
            else:
                self._damaged.append(Damage(storage_key=blob.storage_key, problem="hash_mismatch"))
        except NotFound as error:
            if error.reason != "no_such_object":
                raise
            self._missing(blob)
        finally:
            partial.unlink(missing_ok=True)

    def _download(self, blob: Blob, partial: Path, meter: Meter) -> str:
        digest = hashlib.sha256()
        with self._store.get(blob.storage_key) as stream, partial.open("wb") as file:
            for chunk in stream:
                digest.update(chunk)
                file.write(chunk)
                meter.add(len(chunk))
            file.flush()
            write_synced(file.fileno(), b"")
        return digest.hexdigest()

    def _missing(self, blob: Blob) -> None:
        """Tell an object that was deleted on purpose since the snapshot from one that is lost."""
        query = call_sql("work.get_content", ("p_artifact_id", "p_version"))
        params = {"p_artifact_id": blob.artifact_id, "p_version": blob.version}
        try:
            if blob.artifact_id is not None:
                with translated():
                    self._connection.execute(query.encode(), params)
            self._damaged.append(Damage(storage_key=blob.storage_key, problem="missing"))
        except Gone:
            self._deleted.append(blob)


def _silent(_label: str, _done: int, _total: int | None) -> None:
    return None
