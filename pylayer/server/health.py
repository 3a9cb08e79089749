"""``/healthz`` and ``/readyz``: is the process alive, and can it do its work."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from pylayer.server.probes import Readiness
from pylayer.server.state import state_of

__all__ = ["router"]

router = APIRouter(tags=["health"])


class Health(BaseModel):
    """The process is alive.

    Attributes:
        status: always ``ok``.
    """

    status: str = "ok"


@router.get("/healthz", summary="The process is alive")
async def healthz() -> Health:
    """Answer at once, whatever else is away."""
    return Health()


@router.get(
    "/readyz",
    summary="The server can do its work",
    responses={503: {"model": Readiness, "description": "Something is missing"}},
)
async def readyz(request: Request, response: Response) -> Readiness:
    """Check the database, object storage, and that partitions are there for the months to come."""
    readiness = await state_of(request).probes.readiness()
    if not readiness.ready:
        response.status_code = 503
    return readiness
