"""``GET /ai/models``: what tokens cost, for estimates on the client's side."""

from __future__ import annotations

from fastapi import APIRouter

from pylayer.models import ModelPrice
from pylayer.server.access import Authenticated
from pylayer.server.problems import documented

__all__ = ["router"]

router = APIRouter(tags=["models"])


@router.get("/ai/models", summary="The price of each model now", responses=documented(401, 403, 503))
async def models(access: Authenticated) -> list[ModelPrice]:
    """Return the price of each model that holds now, by name; USD per million tokens."""
    access.require("models:read")
    return await access.client.models.prices()
