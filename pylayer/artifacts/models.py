"""What the artifact functions return."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, computed_field

__all__ = [
    "ArtifactInfo",
    "ArtifactLink",
    "ArtifactVersion",
    "CleanupReport",
    "DeletedBlob",
    "LeftBlob",
    "LeftUpload",
    "StoredContent",
    "UploadTicket",
    "VerifyReport",
    "VersionCheck",
]

StorageBackend = Literal["inline", "s3"]


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class ArtifactVersion(_Row):
    """One version of an artifact, without its content.

    Attributes:
        artifact_id: the artifact's ULID.
        version: counts from 1; a failed upload leaves a gap.
        type: the artifact's type, ``report`` for example.
        mime_type: media type of the content.
        size_bytes: length of the content in bytes.
        content_hash: sha256 of the exact bytes, 64 hexadecimal digits.
        storage_backend: where the content is, ``inline`` (in the database) or ``s3``.
        storage_key: the object's key, None for inline content.
        preview_text: the start of the content, or what its writer said instead.
        extracted_fields: facts taken out of the content (title, headings, keys).
        created: whether this call made the version; False when the same bytes were there already.
        created_at: when the version was made.
    """

    artifact_id: str
    version: int
    type: str
    mime_type: str
    size_bytes: int
    content_hash: str
    storage_backend: StorageBackend
    storage_key: str | None = None
    preview_text: str | None = None
    extracted_fields: dict[str, Any] | None = None
    created: bool = False
    created_at: datetime


class ArtifactInfo(ArtifactVersion):
    """One version together with its artifact.

    Attributes:
        latest_version: the greatest committed version.
        tags: what the artifact is tagged with.
        owner_item_id: the work item that owns it.
        owner_run_id: the run that made it.
        project_id: the project that it belongs to.
        is_kb_ingested: whether the knowledge base has taken this version in.
        deleted: whether this version's content was deleted.
    """

    latest_version: int
    tags: Any = None
    owner_item_id: str | None = None
    owner_run_id: str | None = None
    project_id: str | None = None
    is_kb_ingested: bool = False
    deleted: bool = False


class ArtifactLink(_Row):
    """The link of an artifact, or of one version of it.

    Attributes:
        artifact_id: the artifact.
        version: the version, None for all of them.
        link_type: what the link means, ``evidence`` for example.
        item_id: the work item linked to.
        run_id: the run linked to.
        event_id: the event linked to.
        workflow_name: the workflow linked to.
        created: False when the same link existed.
    """

    artifact_id: str
    version: int | None = None
    link_type: str
    item_id: str | None = None
    run_id: str | None = None
    event_id: str | None = None
    workflow_name: str | None = None
    created: bool


class VersionCheck(_Row):
    """The outcome of verifying one version.

    Attributes:
        version: the version.
        status: ``ok``; ``hash_mismatch``, other bytes than were stored; ``missing``, the object is not there;
            ``deleted``, the content was deleted on purpose.
        size_bytes: length the content should have.
        content_hash: sha256 the content should have.
    """

    version: int
    status: Literal["ok", "hash_mismatch", "missing", "deleted"]
    size_bytes: int
    content_hash: str


class VerifyReport(_Row):
    """The outcome of verifying an artifact.

    Attributes:
        artifact_id: the artifact.
        checks: one entry a version, newest first.
    """

    artifact_id: str
    checks: list[VersionCheck]

    @computed_field
    @property
    def ok(self) -> bool:
        """Whether every version that should have content has the right one."""
        return all(check.status in ("ok", "deleted") for check in self.checks)


class DeletedBlob(_Row):
    """The outcome of deleting a version's content.

    Attributes:
        artifact_id: the artifact.
        version: the version; its metadata stays.
        storage_key: the key of the object.
        object_deleted: whether the object itself is gone; if not, maintenance deletes it.
    """

    artifact_id: str
    version: int
    storage_key: str
    object_deleted: bool


class CleanupReport(_Row):
    """What a clean-up removed.

    Attributes:
        uploads: failed or abandoned uploads whose object and parts were deleted.
        blobs: deleted versions whose object was deleted.
        errors: what could not be removed and why; it is tried again the next time.
    """

    uploads: int = 0
    blobs: int = 0
    errors: list[str] = []


class UploadTicket(_Row):
    """The reservation of a version; ``upload_id`` is None when the latest version has the same bytes."""

    upload_id: str | None
    artifact_id: str
    version: int
    storage_key: str | None = None
    copy_from: str | None = None


class StoredContent(_Row):
    """Where the content of a version is."""

    artifact_id: str
    version: int
    mime_type: str
    size_bytes: int
    content_hash: str
    storage_backend: StorageBackend
    storage_key: str | None = None
    inline_content_text: str | None = None


class LeftUpload(_Row):
    """An expired upload."""

    upload_id: str
    storage_key: str


class LeftBlob(_Row):
    """A deleted version whose object may still exist."""

    artifact_id: str
    version: int
    storage_key: str
