"""The plans that check what is stored, delete it on purpose, and remove what was left behind."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Literal, TypeVar

from pylayer.artifacts.models import (
    ArtifactInfo,
    CleanupReport,
    DeletedBlob,
    LeftBlob,
    LeftUpload,
    StoredContent,
    VerifyReport,
    VersionCheck,
)
from pylayer.artifacts.reader import ArtifactReader
from pylayer.artifacts.writing import remove_object
from pylayer.blobs import BlobStore
from pylayer.calls import Call, Plan, Work, call, one, rows, scalar, single
from pylayer.errors import Conflict, Gone, NotFound, PylayerError, Unavailable

__all__ = ["clean_uploads", "delete_blob", "verify", "versions_page"]

_PAGE = 200
_CHUNK_BYTES = 1024 * 1024
_Left = TypeVar("_Left", LeftUpload, LeftBlob)
_Status = Literal["ok", "hash_mismatch", "missing", "deleted"]


def versions_page(artifact_id: str, limit: int, before: int | None) -> Call[list[ArtifactInfo]]:
    """Return the call for a page of versions, newest first."""
    params = {"p_artifact_id": artifact_id, "p_limit": limit, "p_before": before}
    return call("work.list_versions", params, rows(ArtifactInfo))


def verify(blobs: BlobStore, artifact_id: str, version: int | None) -> Plan[VerifyReport]:
    """Hash the content of one version, or of every one."""
    params = {"p_artifact_id": artifact_id, "p_version": version}
    latest = yield from call("work.get_artifact", params, one(ArtifactInfo))
    checks: list[VersionCheck] = []
    page = [latest] if version is not None else (yield from versions_page(artifact_id, _PAGE, None))
    while page:
        for found in page:
            checks.append((yield from _check(blobs, found)))
        if version is not None or len(page) < _PAGE:
            break
        page = yield from versions_page(artifact_id, _PAGE, page[-1].version)
    return VerifyReport(artifact_id=artifact_id, checks=checks)


def _check(blobs: BlobStore, found: ArtifactInfo) -> Plan[VersionCheck]:
    params = {"p_artifact_id": found.artifact_id, "p_version": found.version}
    try:
        content = yield from call("work.get_content", params, one(StoredContent))
        status = yield from Work(partial(_status, content, blobs))
    except Gone:
        status = "deleted"
    return VersionCheck(
        version=found.version,
        status=status,
        size_bytes=found.size_bytes,
        content_hash=found.content_hash,
    )


def _status(content: StoredContent, blobs: BlobStore) -> _Status:
    try:
        with ArtifactReader.of(content, blobs) as reader:
            while reader.read(_CHUNK_BYTES):
                pass
    except NotFound as error:
        if error.reason != "no_such_object":
            raise
        return "missing"
    except Conflict:
        return "hash_mismatch"
    return "ok"


def delete_blob(blobs: BlobStore, artifact_id: str, version: int, reason: str) -> Plan[DeletedBlob]:
    """Record the deletion, then delete the object; committed on its own, since an object can't roll back."""
    params = {"p_artifact_id": artifact_id, "p_version": version, "p_reason": reason}
    row = yield from call("work.delete_blob", params, single, durable=True)
    key: str = row["storage_key"]
    try:
        yield from Work(partial(remove_object, blobs, key))
    except Unavailable:
        deleted = False
    else:
        yield from _confirmed(artifact_id, version)
        deleted = True
    return DeletedBlob(artifact_id=artifact_id, version=version, storage_key=key, object_deleted=deleted)


def _confirmed(artifact_id: str, version: int) -> Call[Any]:
    params = {"p_artifact_id": artifact_id, "p_version": version}
    return call("work.confirm_blob_deleted", params, scalar, durable=True)


def clean_uploads(blobs: BlobStore) -> Plan[CleanupReport]:
    """Remove the objects and parts of expired uploads, and the objects of deleted versions."""
    errors: list[str] = []
    expired = partial(call, "work.expired_uploads", {"p_limit": _PAGE}, rows(LeftUpload), durable=True)
    undeleted = partial(call, "work.undeleted_blobs", {"p_limit": _PAGE}, rows(LeftBlob), durable=True)
    uploads = yield from _sweep(blobs, expired, _cleaned, errors)
    deleted = yield from _sweep(blobs, undeleted, _gone, errors)
    return CleanupReport(uploads=uploads, blobs=deleted, errors=errors)


def _gone(left: LeftBlob) -> Call[Any]:
    return _confirmed(left.artifact_id, left.version)


def _cleaned(left: LeftUpload) -> Call[Any]:
    return call("work.record_upload_cleanup", {"p_upload_id": left.upload_id}, scalar, durable=True)


def _sweep(
    blobs: BlobStore,
    page: Callable[[], Call[list[_Left]]],
    record: Callable[[_Left], Call[Any]],
    errors: list[str],
) -> Plan[int]:
    """Remove what each page names until a page brings nothing new; return how many were removed.

    Uploads come back within their grace period, after which a late part can't arrive any more.
    """
    removed = 0
    seen: set[str] = set()
    while fresh := [left for left in (yield from page()) if left.storage_key not in seen]:
        for left in fresh:
            seen.add(left.storage_key)
            try:
                yield from Work(partial(remove_object, blobs, left.storage_key))
            except PylayerError as error:
                errors.append(f"{left.storage_key}: {error}")
                if isinstance(error, Unavailable):
                    return removed
            else:
                yield from record(left)
                removed += 1
    return removed
