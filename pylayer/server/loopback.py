"""A server that asks for no key answers this machine alone, also when a browser is tricked into asking."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

from pylayer.server.problems import Problem, response_to

__all__ = ["LoopbackOnly", "is_loopback"]


def is_loopback(host: str) -> bool:
    """Return whether a host, without its port, is this machine whatever a name server says."""
    name = host.strip("[]").rstrip(".").lower()
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


class LoopbackOnly:
    """Refuses requests to another host, and those that a page of another host makes (DNS rebinding, CSRF)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it with 403."""
        if scope["type"] == "http" and not _is_local(scope["headers"]):
            problem = Problem(
                title="without an API key only this machine is served",
                status=403,
                code="PT403",
                reason="not_loopback",
                hint="make a key: pylayer key create",
            )
            await response_to(problem)(scope, receive, send)
            return
        await self._app(scope, receive, send)


def _is_local(headers: list[tuple[bytes, bytes]]) -> bool:
    hosts = [b"//" + value for name, value in headers if name == b"host"]
    origins = [value for name, value in headers if name == b"origin"]
    return len(hosts) == 1 and all(_names_loopback(url) for url in (*hosts, *origins))


def _names_loopback(url: bytes) -> bool:
    try:
        return is_loopback(urlsplit(url.decode("latin-1")).hostname or "")
    except ValueError:
        return False
