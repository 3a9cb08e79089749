"""How ``POST /telemetry/events`` is documented, and its way past what FastAPI does for each request."""

from __future__ import annotations

from typing import Any

from fastapi import Security
from fastapi.routing import APIRoute
from pydantic import BaseModel, Field
from starlette.types import ASGIApp, Receive, Scope, Send

from pylayer.errors import PylayerError
from pylayer.events.models import IngestResult
from pylayer.ids import new_ulid
from pylayer.server.access import SCHEME
from pylayer.server.cloudevents import BATCH_TYPE, EVENT_TYPE
from pylayer.server.problems import answer_to, documented

__all__ = ["IngestFirst", "IngestRoute"]

_PATH = "/telemetry/events"

_EVENT_ID = {"type": "string", "pattern": "^[0-7][0-9A-HJKMNP-TV-Z]{25}$", "description": "ULID, made once."}
_TEXT = {"type": ["string", "null"], "maxLength": 500}
_EVENT: dict[str, Any] = {
    "type": "object",
    "description": "An event; `payload` is as the contract of `event_name` and `event_version` says.",
    "required": ["event_id", "event_name", "payload"],
    "additionalProperties": False,
    "properties": {
        "event_id": _EVENT_ID,
        "event_name": {"type": "string", "examples": ["workflow.step_completed"]},
        "event_version": {"type": "integer", "minimum": 1, "default": 1},
        "ts": {
            "type": ["string", "null"],
            "description": "ISO 8601, at most a day from the time in `event_id`, which is the default.",
        },
        **dict.fromkeys(("run_id", "item_id", "workflow_name", "agent_role", "project_id"), _TEXT),
        "payload": {"type": "object"},
        "metadata": {"type": ["object", "null"]},
    },
}
_EXAMPLE = {
    "event_id": new_ulid(),  # of now, so that trying it stores it
    "event_name": "workflow.flow_issue",
    "run_id": "run-1",
    "payload": {"issue_type": "handoff", "impact": "low"},
}
_CLOUDEVENT: dict[str, Any] = {
    "type": "object",
    "required": ["specversion", "id", "source", "type"],
    "properties": {
        "specversion": {"const": "1.0"},
        "id": {"type": "string", "minLength": 1},
        "source": {"type": "string", "minLength": 1},
        "type": {"type": "string", "minLength": 1},
        "time": {"type": "string", "format": "date-time"},
        "data": {"type": "object"},
    },
}
_BODY: dict[str, Any] = {
    "required": True,
    "content": {
        "application/json": {
            "schema": {"anyOf": [_EVENT, {"type": "array", "items": _EVENT, "maxItems": 10_000}]},
            "example": _EXAMPLE,
        },
        EVENT_TYPE: {"schema": _CLOUDEVENT},
        BATCH_TYPE: {"schema": {"type": "array", "items": _CLOUDEVENT, "maxItems": 10_000}},
    },
}


class Ingested(BaseModel):
    """What became of a single event.

    Attributes:
        event_id: its id.
        created: whether this request stored it.
        conflict: the id is known with other content, and this event was not stored.
    """

    event_id: str
    created: bool
    conflict: bool = False


class IngestedBatch(BaseModel):
    """What became of the events of an array.

    Attributes:
        results: one an event, in order.
        created, duplicates, conflicts, refused: how many of each.
    """

    results: list[IngestResult]
    created: int = Field(ge=0)
    duplicates: int = Field(ge=0)
    conflicts: int = Field(ge=0)
    refused: int = Field(ge=0)


class IngestRoute(APIRoute):
    """The route: documented like any other, answered by the server's `Ingestion` itself."""

    def __init__(self) -> None:
        super().__init__(
            _PATH,
            _documented,
            methods=["POST"],
            tags=["events"],
            summary="Store one event, or an array of events",
            dependencies=[Security(SCHEME)],
            response_model=Ingested | IngestedBatch,
            status_code=201,
            responses={
                200: {"model": Ingested | IngestedBatch, "description": "All were known"},
                207: {"model": IngestedBatch, "description": "Some events were refused or in conflict"},
                **documented(400, 401, 403, 409, 410, 413, 422, 429, 503),
            },
            openapi_extra={"requestBody": _BODY},
        )
        self.app = _ingest


class IngestFirst:
    """Answers the hot path before the router and the middleware around it look at it: a fifth of its cost.

    A request whose path has a prefix still reaches `IngestRoute`, which answers the same.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request that brings events; pass any other on."""
        if scope["type"] != "http" or scope["path"] != _PATH or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        try:
            await _ingest(scope, receive, send)
        except PylayerError as error:
            await answer_to(error)(scope, receive, send)


async def _ingest(scope: Scope, receive: Receive, send: Send) -> None:
    await scope["app"].state.pylayer.ingestion(scope, receive, send)


async def _documented() -> None:
    """Answers once the events are committed; each id is stored once, whatever is sent again.

    A single event answers 201 when it is new and 200 when it is known; a refused one answers with its
    problem. An array answers 201 if any of its events is new, 200 if none is, and 207 where some were
    refused or in conflict; its good events are stored. CloudEvents 1.0 come structured, batched or binary.
    """
