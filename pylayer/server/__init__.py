"""The HTTP API: a thin shell around the stored procedures.

It needs the extra ``server`` (``pip install 'pylayer-pg[server]'``); importing this package does not.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from pylayer.config import Settings
from pylayer.errors import InvalidInput

if TYPE_CHECKING:
    from fastapi import FastAPI

__all__ = ["create_app", "require_packages"]

_PACKAGES = ("fastapi", "prometheus_client", "uvicorn")


def create_app(settings: Settings, *, require_key: bool = True) -> FastAPI:
    """Return the HTTP API as an ASGI application: `pylayer.server.app.create_app`."""
    require_packages()
    from pylayer.server import app

    return app.create_app(settings, require_key=require_key)


def require_packages() -> None:
    """Refuse to go on without the extra ``server``.

    Raises:
        InvalidInput: packages are not installed.
    """
    missing = [name for name in _PACKAGES if find_spec(name) is None]
    if missing:
        raise InvalidInput(
            "packages of the server are not installed",
            reason="missing_packages",
            detail=", ".join(missing),
            hint="pip install 'pylayer-pg[server]' (in a clone: make setup)",
        )
