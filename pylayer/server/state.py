"""What a running server has at hand."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp

from pylayer.client import AsyncClient
from pylayer.config import Settings
from pylayer.server.probes import Probes

__all__ = ["State", "state_of"]


@dataclass(frozen=True, slots=True)
class State:
    """What a running server has at hand.

    Attributes:
        settings: as given to ``create_app``.
        client: on the pool that all requests share, under the login's own role.
        require_key: whether a request without an API key is refused.
        ingestion: the application behind ``POST /telemetry/events``, with a pool of its own.
        probes: the checks behind ``/readyz``.
    """

    settings: Settings
    client: AsyncClient
    require_key: bool
    ingestion: ASGIApp
    probes: Probes


def state_of(connection: HTTPConnection) -> State:
    """Return the state of the server that a request came to."""
    return connection.app.state.pylayer
