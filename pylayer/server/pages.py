"""What the reading routes share: the types of their parameters, and the link to the next page."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, TypeVar
from urllib.parse import quote, urlencode

from fastapi import Request
from fastapi.responses import Response
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    StringConstraints,
    WithJsonSchema,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, to_json

__all__ = ["Limit", "Maybe", "Name", "Page", "PageQuery", "Timestamp", "UlidText", "json_page", "linked"]

_TIMESTAMP = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
T = TypeVar("T")


class _NeverNull:
    """Documents a type without null: no text in a URL or a header stands for nothing."""

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return next(kind for kind in handler(schema)["anyOf"] if kind != {"type": "null"})


def _timestamp(value: Any) -> datetime:
    """Take the timestamps of RFC 3339 only: pydantic would also take seconds since 1970, and dates."""
    if isinstance(value, datetime):
        return value
    if not isinstance(value, str) or not _TIMESTAMP.fullmatch(value):
        raise ValueError("use RFC 3339, such as 2026-01-31T12:00:00Z; write + as %2B in a URL")
    return datetime.fromisoformat(value.upper())


Timestamp = Annotated[
    datetime, BeforeValidator(_timestamp), WithJsonSchema({"type": "string", "format": "date-time"})
]
UlidText = Annotated[str, StringConstraints(pattern=r"^[0-7][0-9A-HJKMNP-TV-Z]{25}$")]
Name = Annotated[str, StringConstraints(max_length=500, pattern=r"^[^\u0000]*$")]
"""Free text such as a run's id; Postgres holds no NUL."""
Limit = Annotated[int, Field(ge=1, le=500)]
"""Most entries in a page; the database gives one more, which says whether another page follows."""
Maybe = Annotated[T | None, _NeverNull()]
"""A parameter that may be left out."""


class PageQuery(BaseModel):
    """The query of a route; a parameter that is misspelt is refused, not ignored.

    Attributes:
        limit: most entries in the page.
    """

    model_config = ConfigDict(extra="forbid")

    limit: Limit = 100

    def filters(self) -> dict[str, Any]:
        """Return what was asked for, besides the size of the page."""
        return {name: value for name, value in self if value is not None and name != "limit"}


class Page(BaseModel):
    """A page.

    Attributes:
        next: what to send as ``after`` for the page that follows; null on the last one.
    """

    next: str | None


def json_page(request: Request, page: Page) -> Response:
    """Return a page as JSON, with a ``Link`` header to the one after it.

    Args:
        request: the request that asked for it.
        page: the body; it is written as it is, without being checked again.
    """
    headers = {"Cache-Control": "no-store"}
    if page.next is not None:
        headers["Link"] = f'<{_with_query(request, {"after": page.next})}>; rel="next"'
    return Response(to_json(page), headers=headers, media_type="application/json")


def linked(description: str) -> dict[str, Any]:
    """Return how OpenAPI documents a page."""
    link = {"description": 'the next page: `rel="next"`', "schema": {"type": "string"}}
    return {"description": description, "headers": {"Link": link}}


def _with_query(request: Request, changes: Mapping[str, str]) -> str:
    """Return the request's path and query with other values: a reference that holds behind any proxy."""
    query = {**request.query_params, **changes}
    path = request.scope.get("root_path", "") + request.scope["path"]
    return f"{quote(path)}?{urlencode(query)}"
