"""One server process: from the check of its keys until it is told to stop."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import suppress

import uvicorn

from pylayer.config import Settings
from pylayer.server.app import create_app

__all__ = ["run"]

_KEEP_ALIVE_SECONDS = 75  # longer than clients keep a connection, so that none is closed under a request
_STOP_SECONDS = 30  # for requests under way


def run(
    settings: Settings, host: str, port: int, *, require_key: bool, started: Callable[[str], None]
) -> None:
    """Serve the HTTP API until SIGTERM or Ctrl-C; requests under way are finished first.

    Args:
        settings: as `create_app`.
        host: address to listen on.
        port: port to listen on; 0 is any free one.
        require_key: as `create_app`.
        started: called with the URL once it listens.

    Raises:
        OSError: the address can't be listened on.
    """
    config = uvicorn.Config(
        create_app(settings, require_key=require_key),
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=_STOP_SECONDS,
    )
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, port), family=family) as listening, suppress(KeyboardInterrupt):
        shown = f"[{host}]" if ":" in host else host
        url = f"http://{shown}:{listening.getsockname()[1]}"
        _Server(config, lambda: started(url)).run(sockets=[listening])


class _Server(uvicorn.Server):
    """Tells when it listens."""

    def __init__(self, config: uvicorn.Config, listens: Callable[[], None]) -> None:
        super().__init__(config)
        self._listens = listens

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._listens()
