"""The plans that store content: inline in one call, or through object storage in an order that survives
a crash at any point (hash, reserve, send, commit)."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from psycopg.types.json import Jsonb
from psycopg_pool import PoolTimeout

from pylayer.artifacts.content import INLINE_LIMIT_BYTES, Content, Prepared, is_text_type, prepare
from pylayer.artifacts.extractors import Extract, extract
from pylayer.artifacts.models import ArtifactInfo, ArtifactVersion, UploadTicket
from pylayer.artifacts.progress import ProgressCallback, shown
from pylayer.blobs import BlobStore
from pylayer.calls import Call, Plan, T, Work, call, one, scalar
from pylayer.errors import Conflict, NotFound, TooLarge, Unavailable

__all__ = ["Write", "jsonb", "remove_object", "store"]

_PAUSES_SECONDS = (0.1, 0.5, 2.0)
_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Write:
    """What is to be stored, and where; ``type`` is None for a version of an artifact that must exist."""

    artifact_id: str
    content: Content
    type: str | None = None
    mime_type: str | None = None
    expected_version: int | None = None
    preview_text: str | None = None
    extracted_fields: Mapping[str, Any] | None = None
    tags: Any = None
    owner_item_id: str | None = None
    owner_run_id: str | None = None
    project_id: str | None = None
    progress: ProgressCallback | None = None


def jsonb(value: Any) -> Jsonb | None:
    """Return a value as a parameter of type jsonb, None as SQL's null."""
    return None if value is None else Jsonb(value)


def store(blobs: BlobStore, write: Write) -> Plan[ArtifactVersion]:
    """Store content as a version, inline where it fits."""
    mime_type = write.mime_type
    if write.type is None and mime_type is None:
        latest = yield from call("work.get_artifact", {"p_artifact_id": write.artifact_id}, one(ArtifactInfo))
        mime_type = latest.mime_type
    prepared = yield from Work(partial(prepare, write.content, mime_type))
    try:
        facts = yield from Work(partial(_facts, write, prepared))
        if prepared.text is not None:
            try:
                return (yield from _store_inline(write, prepared, facts))
            except TooLarge:
                if prepared.size > INLINE_LIMIT_BYTES:
                    raise
        return (yield from _upload(blobs, write, prepared, facts))
    finally:
        prepared.close()


def _facts(write: Write, prepared: Prepared) -> Extract:
    found = Extract(None)
    if (write.preview_text is None or write.extracted_fields is None) and is_text_type(prepared.mime_type):
        text = prepared.text
        found = extract(prepared.mime_type, prepared.head.decode(errors="ignore") if text is None else text)
    return Extract(
        found.preview_text if write.preview_text is None else write.preview_text,
        found.extracted_fields if write.extracted_fields is None else dict(write.extracted_fields),
    )


def _common(write: Write, prepared: Prepared, facts: Extract) -> dict[str, Any]:
    return {
        "p_artifact_id": write.artifact_id,
        "p_mime_type": prepared.mime_type,
        "p_expected_version": write.expected_version,
        "p_content_hash": prepared.sha256,
        "p_preview_text": facts.preview_text,
        "p_extracted_fields": jsonb(facts.extracted_fields),
    }


def _creation(write: Write) -> dict[str, Any]:
    return {
        "p_type": write.type,
        "p_tags": jsonb(write.tags),
        "p_owner_item_id": write.owner_item_id,
        "p_owner_run_id": write.owner_run_id,
        "p_project_id": write.project_id,
    }


def _store_inline(write: Write, prepared: Prepared, facts: Extract) -> Plan[ArtifactVersion]:
    """Store inline content, again after a lost connection."""
    step = _inline(write, prepared, facts)
    if write.expected_version is None:
        return (yield from _repeated(step))
    try:
        return (yield from step)
    except Unavailable as error:
        if isinstance(error.__cause__, PoolTimeout):  # nothing was sent
            raise
    try:
        return (yield from _repeated(step))
    except Conflict as error:
        if error.reason != "stale_version":
            raise
        # The call whose answer was lost may be what made the version stale.
        latest = yield from call(
            "work.get_artifact", {"p_artifact_id": write.artifact_id}, one(ArtifactVersion)
        )
        if latest.content_hash != prepared.sha256:
            raise
        return latest


def _inline(write: Write, prepared: Prepared, facts: Extract) -> Call[ArtifactVersion]:
    params = {**_common(write, prepared, facts), "p_content": prepared.text}
    if write.type is None:
        return call("work.create_version", params, one(ArtifactVersion))
    return call("work.create_artifact", {**params, **_creation(write)}, one(ArtifactVersion))


def _upload(blobs: BlobStore, write: Write, prepared: Prepared, facts: Extract) -> Plan[ArtifactVersion]:
    params = {**_common(write, prepared, facts), **_creation(write), "p_size_bytes": prepared.size}
    ticket = yield from call("work.begin_upload", params, one(UploadTicket), durable=True)
    if ticket.upload_id is None or ticket.storage_key is None:
        same = {"p_artifact_id": ticket.artifact_id, "p_version": ticket.version}
        return (yield from call("work.get_artifact", same, one(ArtifactVersion)))
    try:
        yield from Work(partial(_send, blobs, ticket.storage_key, ticket.copy_from, prepared, write.progress))
        commit = call("work.commit_upload", {"p_upload_id": ticket.upload_id}, one(ArtifactVersion))
        made = yield from _repeated(commit)
    except Exception:
        yield from _discard(blobs, ticket.upload_id, ticket.storage_key)
        raise
    # The reserved number is nobody else's, so this holds for a repeated commit too.
    return made.model_copy(update={"created": made.version == ticket.version})


def _send(
    blobs: BlobStore,
    key: str,
    copy_from: str | None,
    prepared: Prepared,
    progress: ProgressCallback | None,
) -> None:
    if copy_from is not None and _copied(blobs, copy_from, key, prepared.size):
        return
    with shown("uploading", prepared.size, progress) as tell:
        blobs.put(
            key,
            prepared.rewound(),
            prepared.size,
            sha256=prepared.sha256,
            content_type=prepared.mime_type,
            metadata={"sha256": prepared.sha256},
            progress=tell,
        )


def _copied(blobs: BlobStore, source: str, target: str, size: int) -> bool:
    try:
        blobs.copy(source, target)
        return blobs.stat(target).size == size
    except NotFound:
        return False


def _discard(blobs: BlobStore, upload_id: str, key: str) -> Plan[None]:
    """Give an upload up, as far as that works now; maintenance does the rest.

    The object goes only after the database has said that the upload was not committed: a commit whose answer
    was lost must keep its bytes. No durable call: after a failed commit a caller's transaction may still
    hold the upload's row.
    """
    try:
        aborted = yield from call("work.abort_upload", {"p_upload_id": upload_id}, scalar)
        if aborted is True:
            yield from Work(partial(remove_object, blobs, key))
    except Exception as error:
        _log.info("upload %s is left to maintenance: %s", upload_id, error)


def remove_object(blobs: BlobStore, key: str) -> None:
    """Delete an object and the parts of its unfinished uploads."""
    blobs.delete(key)
    blobs.abort_multipart(key)


def _repeated(step: Call[T]) -> Plan[T]:
    """Make a call that is safe to repeat, again after a lost connection."""
    for pause in _PAUSES_SECONDS:
        try:
            return (yield from step)
        except Unavailable as error:
            if isinstance(error.__cause__, PoolTimeout):  # the pool has tried for long enough
                raise
            yield from Work(partial(time.sleep, pause))
    return (yield from step)
