"""`restore`: a backup into an empty database and the configured bucket, checked to the last byte."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from pydantic import BaseModel, SecretStr

from pylayer.backup.manifest import Blob, Damage, Folder, Manifest, Progress, sha256_of
from pylayer.backup.parallel import Meter, for_each
from pylayer.backup.programs import find_program, run_program
from pylayer.backup.target import make_roles, require_empty
from pylayer.blobs import BlobStore
from pylayer.calls import call_sql
from pylayer.config import Settings
from pylayer.doctor import Check, diagnose
from pylayer.errors import Conflict, NotFound, translated
from pylayer.migrate.session import Session, session

__all__ = ["RestoreReport", "restore"]

_REASON = "its content was deleted while the backup was made"


class RestoreReport(BaseModel):
    """What a restore did.

    Attributes:
        epoch: the new epoch of the database.
        blobs, blob_bytes: objects whose bytes were read back from the bucket and are right, and their size.
        deleted: keys of objects that had been deleted on purpose while the backup was made.
        damaged: objects that the backup lacks or has with other bytes.
        checks: what `pylayer doctor` says of the result.
    """

    epoch: int
    blobs: int
    blob_bytes: int
    deleted: list[str]
    damaged: list[Damage]
    checks: list[Check]

    @property
    def ok(self) -> bool:
        """Whether nothing is lost and nothing is wrong."""
        return not self.damaged and all(check.status != "fail" for check in self.checks)


def restore(
    settings: Settings,
    path: Path,
    *,
    jobs: int = 1,
    skip_damaged: bool = False,
    progress: Progress | None = None,
) -> RestoreReport:
    """Restore a backup into an empty database and the bucket that the settings name.

    The objects go first, each read back from the bucket and compared with its hash; then the database, in one
    transaction; then a new epoch begins. Killed before the database is there, it goes on when made again.

    Args:
        settings: the empty database, by the login of a superuser, and the object storage.
        path: the backup's folder.
        jobs: connections that restore at once; more than one gives up the one transaction.
        skip_damaged: go on when the backup lacks objects, or has them with other bytes.
        progress: called as it goes on, also from other threads.

    Raises:
        NotFound: ``no_backup``.
        Conflict: ``database_not_empty``; ``backup_damaged``, before the database is touched;
            ``program_failed``, pg_restore.
        Forbidden: ``missing_right``.
        InvalidInput: the server lacks something, or ``no_object_store``.
        Unavailable: ``missing_program``, or a server is away.

    Example:
        >>> restore(Settings.load(), Path("backups/2026-11-21")).epoch          # doctest: +SKIP
        2
    """
    url = settings.require_database_url(direct=True)
    folder = Folder(path)
    manifest = folder.load()
    restoring = _Restoring(folder, manifest, BlobStore.from_settings(settings), progress or _silent)
    with translated(), session(url) as connection:
        require_empty(connection)
        program = find_program("pg_restore", connection.info.server_version // 10000)
        restoring.check_files()
        restoring.put_blobs(skip_damaged=skip_damaged)
        make_roles(connection)
        together = [f"--jobs={jobs}"] if jobs > 1 else ["--single-transaction"]
        arguments = ["--format=directory", "--exit-on-error", *together, str(folder.database)]
        run_program(program, arguments, url, restoring.say)
        epoch = restoring.finish(connection)
    restored = settings.model_copy(
        update={"database_url": SecretStr(url), "database_direct_url": SecretStr(url)}
    )
    return restoring.report(epoch, diagnose(restored))


class _Restoring:
    """One restore."""

    def __init__(self, folder: Folder, manifest: Manifest, blobs: BlobStore, progress: Progress) -> None:
        self._folder = folder
        self._manifest = manifest
        self._store = blobs
        self._progress = progress
        self._absent = {blob.storage_key for blob in manifest.deleted}
        self._absent |= {damage.storage_key for damage in manifest.damaged}
        self._damaged = list(manifest.damaged)
        self._meter = Meter("restoring objects", manifest.blob_bytes, progress)

    def say(self, line: str) -> None:
        self._progress(line, 0, None)

    def check_files(self) -> None:
        """Compare the dump and the list of objects with the manifest."""
        meter = Meter("checking the dump", sum(f.size_bytes for f in self._manifest.files), self._progress)
        for file in self._manifest.files:
            path = self._folder.path / file.path
            if not path.is_file() or sha256_of(path) != file.content_hash:
                raise self._folder.damaged(file.path)
            meter.add(file.size_bytes)
        listed = {self._folder.path / file.path for file in self._manifest.files}
        if extra := set(self._folder.database.iterdir()) - listed:
            raise self._folder.damaged(f"{min(extra).name} is not in the manifest")

    def put_blobs(self, *, skip_damaged: bool) -> None:
        """Bring every object into the bucket."""
        if self._manifest.blobs or self._store.configured:  # what is written later needs it, too
            self._store.make_bucket()
        wanted = (blob for blob in self._folder.listed() if blob.storage_key not in self._absent)
        for_each(wanted, self._put)
        self._damaged.sort(key=lambda damage: damage.storage_key)
        if self._damaged and not skip_damaged:
            first = ", ".join(f"{d.storage_key}: {d.problem}" for d in self._damaged[:3])
            raise self._folder.damaged(f"{len(self._damaged)} objects: {first}")

    def _put(self, blob: Blob) -> None:
        if not self._is_stored(blob):
            try:
                self._store.abort_multipart(blob.storage_key)  # what a killed restore left behind
                with self._folder.blob(blob).open("rb") as file:
                    self._store.put(
                        blob.storage_key,
                        file,
                        blob.size_bytes,
                        sha256=blob.content_hash,
                        content_type=blob.mime_type,
                    )
            except FileNotFoundError:
                self._damaged.append(Damage(storage_key=blob.storage_key, problem="missing"))
                return
            except Conflict as error:
                if error.reason != "content_changed":
                    raise
                self._damaged.append(Damage(storage_key=blob.storage_key, problem="hash_mismatch"))
                return
            if not self._is_stored(blob):
                raise Conflict(
                    "the bucket gives back other bytes than it was given",
                    reason="hash_mismatch",
                    detail=blob.storage_key,
                    hint="check the object storage",
                )
        self._meter.add(blob.size_bytes, items=1)

    def _is_stored(self, blob: Blob) -> bool:
        """Read an object of the bucket, and compare its hash."""
        digest = hashlib.sha256()
        try:
            with self._store.get(blob.storage_key) as stream:
                for chunk in stream:
                    digest.update(chunk)
        except NotFound as error:
            if error.reason != "no_such_object":
                raise
            return False
        return digest.hexdigest() == blob.content_hash

    def finish(self, connection: Session) -> int:
        """Begin a new epoch, give up open uploads, record what had been deleted, gather statistics."""
        epoch = int(_value(connection, "core.advance_epoch", {}))
        _value(connection, "work.abort_open_uploads", {})
        for blob in self._manifest.deleted:
            params = {"p_artifact_id": blob.artifact_id, "p_version": blob.version, "p_reason": _REASON}
            _value(connection, "work.delete_blob", params)
        self.say("gathering statistics")
        connection.execute("analyze")
        return epoch

    def report(self, epoch: int, checks: list[Check]) -> RestoreReport:
        return RestoreReport(
            epoch=epoch,
            blobs=self._meter.items,
            blob_bytes=self._meter.done,
            deleted=[blob.storage_key for blob in self._manifest.deleted],
            damaged=self._damaged,
            checks=checks,
        )


def _value(connection: Session, function: str, params: dict[str, Any]) -> Any:
    row = connection.execute(call_sql(function, params).encode(), params).fetchone()
    return row[0] if row else None


def _silent(_label: str, _done: int, _total: int | None) -> None:
    return None
