"""``GET /metrics``: totals of the database and of this process, for Prometheus."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse

from pylayer.metrics.exposition import CONTENT_TYPE, exposition
from pylayer.server.access import Authenticated
from pylayer.server.problems import documented

__all__ = ["router"]

router = APIRouter(tags=["metrics"])


@router.get(
    "/metrics",
    summary="Totals for Prometheus",
    response_class=PlainTextResponse,
    responses=documented(401, 403, 503),
)
async def metrics(access: Authenticated) -> Response:
    """Return the totals in Prometheus' text format: one call of the database, whatever the history."""
    access.require("events:read")
    totals = await access.client.metrics.totals()
    return Response(await asyncio.to_thread(exposition, totals), media_type=CONTENT_TYPE)
