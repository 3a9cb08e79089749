"""One S3 server of each kind for a test session, and a fresh bucket on it for each test."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from ulid import ULID

from pylayer.blobs import BlobStore
from pylayer.blobs.transport import BlobConfig
from pylayer.config import Settings
from tests import services

SERVERS = {"rclone": services.rclone_server, "minio": services.minio_server}


def store_at(server: services.S3Server, bucket: str | None = None, **changes: Any) -> BlobStore:
    config = BlobConfig.from_settings(Settings(**server.environment))
    assert config is not None
    return BlobStore(replace(config, bucket=bucket or config.bucket, **changes))


@pytest.fixture(scope="session", params=list(SERVERS))
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[services.S3Server]:
    with SERVERS[request.param](tmp_path_factory.mktemp(request.param)) as running:
        yield running


@pytest.fixture
def store(server: services.S3Server) -> BlobStore:
    made = store_at(server, f"b-{ULID()}".lower())
    assert made.make_bucket()
    return made


Answer = Callable[[BaseHTTPRequestHandler], None]


@contextmanager
def scripted(answer: Answer) -> Generator[tuple[BlobStore, list[str]]]:
    """Run a server that answers every request by ``answer``; yields a store on it and the requests seen."""
    seen: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            seen.append(f"{self.command} {self.headers.get('Range') or ''}".strip())
            answer(self)

        do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = _serve  # noqa: N815

        def log_message(self, format: str, *args: Any) -> None:
            return None

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=httpd.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield BlobStore(BlobConfig(f"http://127.0.0.1:{httpd.server_port}", "key", "secret")), seen
    finally:
        httpd.shutdown()
        httpd.server_close()
        thread.join()


@pytest.fixture
def scripted_server() -> Callable[[Answer], Any]:
    return scripted
