"""`client.artifacts`."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from functools import partial
from typing import Any, TypeAlias, overload

from pylayer.artifacts import upkeep
from pylayer.artifacts.content import Content
from pylayer.artifacts.models import (
    ArtifactInfo,
    ArtifactLink,
    ArtifactVersion,
    CleanupReport,
    DeletedBlob,
    StoredContent,
    VerifyReport,
)
from pylayer.artifacts.progress import ProgressCallback, shown
from pylayer.artifacts.reader import ArtifactReader, AsyncArtifactReader, Opening
from pylayer.artifacts.writing import Write, jsonb, store
from pylayer.blobs import BlobStore
from pylayer.calls import Async, Namespace, Plan, R, Runner, Sync, Work, call, one, operation, rows
from pylayer.ids import new_ulid

__all__ = ["Artifacts"]

Page: TypeAlias = list[ArtifactInfo]


class Artifacts(Namespace[R]):
    """Versioned, immutable content, addressed by the sha256 of its bytes.

    Text and JSON of up to 512,000 bytes is stored in the database, everything else in object storage.
    Besides the errors that a method names, each raises `Unavailable` when a server is away and `Forbidden`
    when the role lacks the right.
    """

    def __init__(self, runner: Runner, blobs: BlobStore) -> None:
        super().__init__(runner)
        self._blobs = blobs

    @operation
    def write(
        self,
        *,
        type: str,
        content: Content,
        artifact_id: str | None = None,
        mime_type: str | None = None,
        expected_version: int | None = None,
        preview_text: str | None = None,
        extracted_fields: Mapping[str, Any] | None = None,
        tags: Any = None,
        owner_item_id: str | None = None,
        owner_run_id: str | None = None,
        project_id: str | None = None,
        progress: ProgressCallback | None = None,
    ) -> Plan[ArtifactVersion]:
        """Store content as a new artifact, or as the next version of ``artifact_id``.

        Writing the same bytes again makes no version and returns the existing one with ``created`` False.

        Args:
            type: the artifact's type; an existing artifact must have the same.
            content: text, bytes, a JSON document, a path, or a binary stream, which is read from where it
                stands; memory does not grow with its length.
            artifact_id: a ULID; made when it is not given.
            mime_type: media type; default by the kind of content or the file's name.
            expected_version: the latest version that the caller knows; another one is a conflict.
            preview_text: instead of the extractor's.
            extracted_fields: instead of the extractor's.
            tags: any JSON value.
            owner_item_id: the work item that owns a new artifact.
            owner_run_id: the run that makes it.
            project_id: the project that it belongs to.
            progress: called with each number of bytes uploaded, instead of a bar at a terminal.

        Raises:
            InvalidInput: an argument is malformed, or object storage is needed and not configured.
            NotFound: ``no_such_file``.
            Conflict: ``stale_version``, ``type_mismatch``, ``content_changed``.

        Example:
            >>> client.artifacts.write(type="report", content="# All well")       # doctest: +SKIP
        """
        asked = Write(
            artifact_id=artifact_id or new_ulid(),
            type=type,
            content=content,
            mime_type=mime_type,
            expected_version=expected_version,
            preview_text=preview_text,
            extracted_fields=extracted_fields,
            tags=tags,
            owner_item_id=owner_item_id,
            owner_run_id=owner_run_id,
            project_id=project_id,
            progress=progress,
        )
        return (yield from store(self._blobs, asked))

    @operation
    def create_version(
        self,
        artifact_id: str,
        *,
        content: Content,
        mime_type: str | None = None,
        expected_version: int | None = None,
        preview_text: str | None = None,
        extracted_fields: Mapping[str, Any] | None = None,
        progress: ProgressCallback | None = None,
    ) -> Plan[ArtifactVersion]:
        """Store content as the next version of an artifact that exists.

        Arguments are those of `write`; ``mime_type`` defaults to the latest version's.

        Raises:
            NotFound: there is no such artifact.
            Conflict: ``stale_version``, ``content_changed``.
        """
        asked = Write(
            artifact_id=artifact_id,
            content=content,
            mime_type=mime_type,
            expected_version=expected_version,
            preview_text=preview_text,
            extracted_fields=extracted_fields,
            progress=progress,
        )
        return (yield from store(self._blobs, asked))

    @operation
    def read(self, artifact_id: str, version: int | None = None) -> Plan[bytes]:
        """Return the content of a version, the latest by default, verified.

        Raises:
            NotFound: there is no such version.
            Gone: its content was deleted.
            Conflict: ``hash_mismatch``, the bytes are not those that were stored.
        """
        content = yield from _stored(artifact_id, version)
        return (yield from Work(partial(_read_all, content, self._blobs)))

    @overload
    def open(
        self: Artifacts[Sync], artifact_id: str, version: int | None = None
    ) -> AbstractContextManager[ArtifactReader]: ...
    @overload
    def open(
        self: Artifacts[Async], artifact_id: str, version: int | None = None
    ) -> AbstractAsyncContextManager[AsyncArtifactReader]: ...
    def open(self, artifact_id: str, version: int | None = None) -> Any:
        """Open the content of a version for streaming; the end of the stream verifies it.

        Raises:
            NotFound, Gone: on entering, as `read` does.
            Conflict: ``hash_mismatch``, from the read that reaches the end.

        Example:
            >>> with client.artifacts.open(artifact_id) as stream:                # doctest: +SKIP
            ...     shutil.copyfileobj(stream, file)

            >>> async with client.artifacts.open(artifact_id) as stream:          # doctest: +SKIP
            ...     async for chunk in stream: ...
        """

        def plan() -> Plan[ArtifactReader]:
            content = yield from _stored(artifact_id, version)
            return (yield from Work(partial(ArtifactReader.of, content, self._blobs)))

        return Opening(self._runner, plan)

    @operation
    def stat(self, artifact_id: str, version: int | None = None) -> Plan[ArtifactInfo]:
        """Return a version, the latest by default, with its artifact; never asks object storage.

        Raises:
            NotFound: there is no such version.
        """
        params = {"p_artifact_id": artifact_id, "p_version": version}
        return (yield from call("work.get_artifact", params, one(ArtifactInfo)))

    @operation
    def list(
        self,
        *,
        type: str | None = None,
        owner_item_id: str | None = None,
        owner_run_id: str | None = None,
        project_id: str | None = None,
        tags: Any = None,
        limit: int = 100,
        after: str | None = None,
    ) -> Plan[Page]:
        """Return a page of artifacts with their latest versions, newest first.

        Args:
            type: only of this type.
            owner_item_id: only of this work item.
            owner_run_id: only of this run.
            project_id: only of this project.
            tags: only those whose tags contain this JSON value.
            limit: most artifacts in the page.
            after: the ``artifact_id`` that ended the page before.
        """
        params = {
            "p_type": type,
            "p_owner_item_id": owner_item_id,
            "p_owner_run_id": owner_run_id,
            "p_project_id": project_id,
            "p_tags": jsonb(tags),
            "p_limit": limit,
            "p_after": after,
        }
        return (yield from call("work.list_artifacts", params, rows(ArtifactInfo)))

    @operation
    def list_versions(self, artifact_id: str, *, limit: int = 100, before: int | None = None) -> Plan[Page]:
        """Return a page of an artifact's versions, newest first.

        Args:
            artifact_id: the artifact.
            limit: most versions in the page.
            before: the version that ended the page before.
        """
        return (yield from upkeep.versions_page(artifact_id, limit, before))

    @operation
    def link(
        self,
        artifact_id: str,
        link_type: str,
        *,
        version: int | None = None,
        item_id: str | None = None,
        run_id: str | None = None,
        event_id: str | None = None,
        workflow_name: str | None = None,
    ) -> Plan[ArtifactLink]:
        """Link an artifact, or one version of it, to a work item, a run, an event or a workflow.

        Raises:
            NotFound: there is no such artifact or version.
        """
        params = {
            "p_artifact_id": artifact_id,
            "p_link_type": link_type,
            "p_version": version,
            "p_item_id": item_id,
            "p_run_id": run_id,
            "p_event_id": event_id,
            "p_workflow_name": workflow_name,
        }
        return (yield from call("work.link_artifact", params, one(ArtifactLink)))

    @operation
    def verify(self, artifact_id: str, version: int | None = None) -> Plan[VerifyReport]:
        """Read one version, or all, from where they are stored and compare the hashes.

        Raises:
            NotFound: there is no such artifact or version.
            Unavailable: object storage is away, so nothing can be said.
        """
        return (yield from upkeep.verify(self._blobs, artifact_id, version))

    @operation
    def delete_blob(self, artifact_id: str, version: int, *, reason: str) -> Plan[DeletedBlob]:
        """Delete the stored object of a version for good; its metadata stays. For administrators.

        Args:
            artifact_id: the artifact.
            version: the version.
            reason: why, kept with who and when.

        Raises:
            NotFound: there is no such version.
            Conflict: ``inline_content``, the content is in the database.
        """
        return (yield from upkeep.delete_blob(self._blobs, artifact_id, version, reason))

    @operation
    def clean_uploads(self) -> Plan[CleanupReport]:
        """Delete what failed and abandoned uploads and deleted versions left in object storage.

        Safe to repeat and to run while others write. When object storage is away nothing is lost: the report
        names the error, and the next run goes on.
        """
        return (yield from upkeep.clean_uploads(self._blobs))


def _stored(artifact_id: str, version: int | None) -> Plan[StoredContent]:
    params = {"p_artifact_id": artifact_id, "p_version": version}
    return (yield from call("work.get_content", params, one(StoredContent)))


def _read_all(content: StoredContent, blobs: BlobStore) -> bytes:
    with (
        ArtifactReader.of(content, blobs) as reader,
        shown("downloading", content.size_bytes, None) as tell,
    ):
        return b"".join(_told(reader, tell))


def _told(reader: ArtifactReader, tell: ProgressCallback) -> Any:
    while chunk := reader.read(1024 * 1024):
        tell(len(chunk))
        yield chunk
