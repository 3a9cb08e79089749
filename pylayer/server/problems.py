"""Errors as ``application/problem+json`` (RFC 9457), with nothing in them that a client should not see."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Any, cast

import psycopg
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from pydantic_core import to_json
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match

from pylayer import errors
from pylayer.errors import PylayerError
from pylayer.ids import new_ulid

__all__ = ["MEDIA_TYPE", "Problem", "add_handlers", "answer_to", "documented", "problem_of", "response_to"]

MEDIA_TYPE = "application/problem+json"
_LOG = logging.getLogger("pylayer.server")
_RETRY_AFTER_SECONDS = 1
_METHODS = ("GET", "HEAD", "POST")
_STATUS: dict[type[PylayerError], int] = {
    errors.InvalidInput: 400,
    errors.Unauthenticated: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.Gone: 410,
    errors.TooLarge: 413,
    errors.ValidationFailed: 422,
    errors.RateLimited: 429,
    errors.Retryable: 503,
    errors.Unavailable: 503,
}
# What is said instead of the text of Postgres, which may name functions, hosts and settings.
_NEUTRAL: dict[int, str] = {
    400: "the request holds a value that is malformed",
    401: "the API key is not valid",
    403: "the API key's role may not do this",
    413: "the request is over a limit",
    500: "the server failed",
    503: "the service cannot answer now; send the same request again",
}
# Reasons of errors that whoever runs the server must look at, whatever their class says.
_NOT_THE_CLIENTS = frozenset(
    (
        "not_migrated",
        "no_object_store",
        "no_such_bucket",
        "bad_object_store_argument",
        "object_store_denied",
        "object_store_refused",
        "wrong_region",
    )
)


class Problem(BaseModel):
    """An error, as RFC 9457 describes it.

    Attributes:
        type: always ``about:blank``.
        title: one stable sentence.
        status: the HTTP status.
        code: SQLSTATE of the error; ``PTxyz`` is HTTP status xyz.
        reason: machine-readable reason, such as ``contract``.
        detail: the values behind the error.
        hint: what to do next.
    """

    type: str = "about:blank"
    title: str
    status: int
    code: str | None = None
    reason: str | None = None
    detail: str | None = None
    hint: str | None = None


def problem_of(error: PylayerError) -> Problem:
    """Return what a client may know of an error."""
    status = next((status for cls, status in _STATUS.items() if isinstance(error, cls)), 500)
    if error.reason in _NOT_THE_CLIENTS:
        return Problem(title=_NEUTRAL[503], status=503, code=errors.Unavailable.default_code)
    if status == 401:  # the same for a missing, an unknown, an expired and a revoked key
        return Problem(title=_NEUTRAL[401], status=401, code="PT401", reason="invalid_key")
    if status in (500, 503):
        return Problem(title=_NEUTRAL[status], status=status, code=error.code)
    if _is_worded_here(error):
        return Problem(
            title=error.message,
            status=status,
            code=error.code,
            reason=error.reason,
            detail=error.detail,
            hint=error.hint,
        )
    detail = error.detail if status == 400 else None  # which token of the JSON is wrong
    return Problem(title=_NEUTRAL.get(status, error.message), status=status, code=error.code, detail=detail)


def _is_worded_here(error: PylayerError) -> bool:
    """Whether the text is of pylayer, in Python or in its functions, and not of Postgres or libpq."""
    return not isinstance(error.__cause__, psycopg.Error) or (error.code or "").startswith("PT")


def response_to(problem: Problem) -> Response:
    """Return the HTTP response that carries a problem."""
    headers: dict[str, str] = {}
    if problem.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    elif problem.status == 503:
        headers["Retry-After"] = str(_RETRY_AFTER_SECONDS)
    elif problem.status == 429:
        seconds = problem.detail or ""
        headers["Retry-After"] = seconds if seconds.isdecimal() else str(_RETRY_AFTER_SECONDS)
    return Response(to_json(problem), problem.status, headers, MEDIA_TYPE)


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the ``responses`` of a route that answers with problems of these statuses."""
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        status: {"description": HTTPStatus(status).phrase, "content": {MEDIA_TYPE: {"schema": schema}}}
        for status in statuses
    }


def add_handlers(app: FastAPI) -> None:
    """Make every error of an application a problem."""
    app.add_exception_handler(PylayerError, _on_error)
    app.add_exception_handler(psycopg.Error, _on_bug)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(RequestValidationError, _on_invalid_request)
    app.add_exception_handler(Exception, _on_bug)


def answer_to(error: PylayerError) -> Response:
    """Return the HTTP response to an error, which is logged when it is not the client's."""
    problem = problem_of(error)
    if problem.status >= 500:
        _LOG.warning("answered %d: %s", problem.status, error)
    return response_to(problem)


async def _on_error(_request: Request, error: Exception) -> Response:
    return answer_to(cast("PylayerError", error))


async def _on_bug(_request: Request, error: Exception) -> Response:
    error_id = new_ulid()
    _LOG.error("error %s", error_id, exc_info=error)
    return response_to(Problem(title=_NEUTRAL[500], status=500, detail=f"error {error_id}"))


async def _on_http(request: Request, error: Exception) -> Response:
    refusal = cast("HTTPException", error)
    title = HTTPStatus(refusal.status_code).phrase
    response = response_to(Problem(title=title, status=refusal.status_code))
    response.headers.update(refusal.headers or {})
    if refusal.status_code == 405:  # Starlette names those of the first route only
        response.headers["Allow"] = ", ".join(_allowed_methods(request))
    return response


def _allowed_methods(request: Request) -> list[str]:
    return [
        method
        for method in _METHODS
        if any(
            route.matches({**request.scope, "method": method})[0] is Match.FULL
            for route in request.app.routes
        )
    ]


async def _on_invalid_request(_request: Request, error: Exception) -> Response:
    first = cast("RequestValidationError", error).errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    return response_to(
        Problem(
            title="a parameter of the request is not usable",
            status=400,
            code="PT400",
            reason="invalid_parameter",
            detail=f"{where}: {first['msg']}"[:300],
        )
    )
