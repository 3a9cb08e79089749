"""Artifacts: lists, metadata, content and uploads."""

from __future__ import annotations

from typing import Annotated, Any, cast

from fastapi import APIRouter, Header, Path, Query, Request
from fastapi.responses import Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, Json, StringConstraints

from pylayer.artifacts import ArtifactInfo, ArtifactVersion
from pylayer.artifacts.models import StoredContent
from pylayer.calls import call, one
from pylayer.server.access import Authenticated
from pylayer.server.content import Conditions, content_response
from pylayer.server.pages import Maybe, Name, Page, PageQuery, UlidText, json_page, linked
from pylayer.server.problems import documented
from pylayer.server.state import state_of
from pylayer.server.uploads import spooled_body

__all__ = ["router"]

router = APIRouter(tags=["artifacts"])
_READ, _WRITE = "artifacts:read", "artifacts:write"
_BYTES: dict[str, Any] = {"*/*": {"schema": {"type": "string", "format": "binary"}}}
_LOCATION = {"Location": {"description": "the version's metadata", "schema": {"type": "string"}}}

_CONTENT_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"description": "The content", "content": _BYTES},
    304: {"description": "The client has it"},
    **documented(400, 401, 403, 404, 410, 503),
}


def _container(value: Any) -> Any:
    if isinstance(value, dict | list):
        return cast("Any", value)
    raise ValueError("send a JSON object or array")


ArtifactId = Annotated[UlidText, Path()]
Version = Annotated[int, Path(ge=1, le=2_147_483_647)]
Type = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_.-]{0,62}$")]
Tags = Annotated[Json[Any], AfterValidator(_container)]
MimeType = Annotated[
    str,
    StringConstraints(max_length=255, pattern=r"^[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+ *(;[ -~]*)?$"),
]


class ArtifactQuery(PageQuery):
    """Which artifacts.

    Attributes:
        type, owner_item_id, owner_run_id, project_id: exact filters.
        tags: JSON that the tags contain.
        after: ``next`` of the page before: the ``artifact_id`` that ended it.
    """

    type: Maybe[Name] = None
    owner_item_id: Maybe[Name] = None
    owner_run_id: Maybe[Name] = None
    project_id: Maybe[Name] = None
    tags: Maybe[Tags] = None
    after: Maybe[UlidText] = None


class UploadQuery(BaseModel):
    """What is known of the content that is sent; see `pylayer.artifacts.Artifacts.write`.

    Attributes:
        type: the artifact's type; an existing artifact must have the same.
        artifact_id: the artifact that gets a version; a new one without it.
        mime_type: media type; default the request's ``Content-Type``.
        expected_version: the latest version that the sender knows, 0 for none; another one is a conflict.
        owner_item_id, owner_run_id, project_id: what a new artifact belongs to.
        tags: JSON object or array, for a new artifact.
        preview_text: instead of the start of the content.
    """

    model_config = ConfigDict(extra="forbid")

    type: Type
    artifact_id: Maybe[UlidText] = None
    mime_type: Maybe[MimeType] = None
    expected_version: Maybe[Annotated[int, Field(ge=0, le=2_147_483_647)]] = None
    owner_item_id: Maybe[Name] = None
    owner_run_id: Maybe[Name] = None
    project_id: Maybe[Name] = None
    tags: Maybe[Tags] = None
    preview_text: Maybe[Annotated[str, StringConstraints(pattern=r"^[^\u0000]*$")]] = None


class ArtifactPage(Page):
    """A page of artifacts with their latest versions.

    Attributes:
        artifacts: the artifacts.
    """

    artifacts: list[ArtifactInfo]


@router.get(
    "/artifacts",
    response_model=ArtifactPage,
    responses={200: linked("A page of artifacts"), **documented(400, 401, 403, 404, 503)},
)
async def list_artifacts(
    access: Authenticated, request: Request, query: Annotated[ArtifactQuery, Query()]
) -> Response:
    """Return a page of artifacts with their latest versions, newest first."""
    access.require(_READ)
    found = await access.client.artifacts.list(**query.filters(), limit=query.limit + 1)
    page = found[: query.limit]
    following = page[-1].artifact_id if len(found) > len(page) else None
    return json_page(request, ArtifactPage(artifacts=page, next=following))


@router.post(
    "/artifacts",
    status_code=201,
    response_model=ArtifactVersion,
    responses={
        201: {"description": "The version was made", "headers": _LOCATION},
        200: {
            "description": "The latest version has these bytes already",
            "model": ArtifactVersion,
            "headers": _LOCATION,
        },
        **documented(400, 401, 403, 409, 410, 413, 503),
    },
    openapi_extra={"requestBody": {"required": True, "content": _BYTES}},
)
async def store_artifact(
    access: Authenticated, request: Request, query: Annotated[UploadQuery, Query()]
) -> Response:
    """Store the body as a new artifact, or as the next version of ``artifact_id``."""
    access.require(_WRITE)
    asked = {name: value for name, value in query if value is not None}
    asked.setdefault("mime_type", request.headers.get("content-type"))
    async with spooled_body(request, state_of(request).settings.max_upload_bytes) as body:
        made = await access.client.artifacts.write(**asked, content=body)
    place = f"{request.scope.get('root_path', '')}/artifacts/{made.artifact_id}/versions/{made.version}"
    return Response(
        made.model_dump_json(),
        status_code=201 if made.created else 200,
        headers={"Location": place},
        media_type="application/json",
    )


@router.get(
    "/artifacts/{artifact_id}", response_model=ArtifactInfo, responses=documented(400, 401, 403, 404, 503)
)
async def show_artifact(access: Authenticated, artifact_id: ArtifactId) -> ArtifactInfo:
    """Return an artifact with its latest version, without the content."""
    access.require(_READ)
    return await access.client.artifacts.stat(artifact_id)


@router.get(
    "/artifacts/{artifact_id}/versions/{version}",
    response_model=ArtifactInfo,
    responses=documented(400, 401, 403, 404, 503),
)
async def show_version(access: Authenticated, artifact_id: ArtifactId, version: Version) -> ArtifactInfo:
    """Return a version with its artifact, without the content."""
    access.require(_READ)
    return await access.client.artifacts.stat(artifact_id, version)


@router.head(
    "/artifacts/{artifact_id}/versions/{version}/content",
    operation_id="describe_content",
    response_class=Response,
    responses=_CONTENT_ANSWERS,
)
@router.get(
    "/artifacts/{artifact_id}/versions/{version}/content",
    operation_id="read_content",
    response_class=Response,
    responses={
        206: {"description": "The range", "content": _BYTES},
        **_CONTENT_ANSWERS,
        **documented(409, 416),
    },
)
async def read_content(
    access: Authenticated,
    request: Request,
    artifact_id: ArtifactId,
    version: Version,
    asked: Annotated[Conditions, Header()],
) -> Response:
    """Return the content of a version as it was stored, or a range of it.

    The hash of the whole is checked while it is sent: when the bytes are others, the body stays incomplete.
    """
    access.require(_READ)
    params = {"p_artifact_id": artifact_id, "p_version": version}
    located = call("work.get_content", params, one(StoredContent), repeatable=True)
    content = await access.client.run(iter(located))
    return await content_response(content, access.client.blobs, asked, head=request.method == "HEAD")
