"""What FastAPI does not know of the OpenAPI document: how errors look, and that there is no other form."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from pylayer.server.problems import Problem

__all__ = ["describe"]

_VALIDATION = {"HTTPValidationError", "ValidationError"}
_METHODS = {"get", "head", "post", "put", "patch", "delete", "options", "trace"}


def describe(app: FastAPI) -> None:
    """Make an application's OpenAPI document exact: a refused parameter is a problem with status 400."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _exact(
                get_openapi(
                    title=app.title, version=app.version, description=app.description, routes=app.routes
                )
            )
        return app.openapi_schema

    app.openapi = openapi


def _exact(document: dict[str, Any]) -> dict[str, Any]:
    schemas: dict[str, Any] = document["components"]["schemas"]
    for name in _VALIDATION:
        schemas.pop(name, None)
    schemas["Problem"] = Problem.model_json_schema(mode="serialization")
    for path in document["paths"].values():
        for method in path.keys() & _METHODS:
            answers: dict[str, Any] = path[method]["responses"]
            if "application/json" in answers.get("422", {}).get("content", {}):
                del answers["422"]
    return document
