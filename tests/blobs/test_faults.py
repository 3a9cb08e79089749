"""Servers that die, lie, or are not there."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from pylayer.blobs import BlobStore
from pylayer.blobs.multipart import PART_BYTES
from pylayer.blobs.transport import BlobConfig
from pylayer.config import Settings
from pylayer.errors import Forbidden, InvalidInput, NotFound, PylayerError, TooLarge, Unavailable
from tests.blobs.conftest import SERVERS, store_at

Scripted = Callable[[Callable[[BaseHTTPRequestHandler], None]], Any]


@pytest.mark.parametrize("kind", list(SERVERS))
def test_a_server_killed_in_the_middle_of_an_upload(kind: str, tmp_path: Path) -> None:
    with SERVERS[kind](tmp_path / "s3") as server:
        store = store_at(server)
        began = time.monotonic()
        with pytest.raises(Unavailable):
            store.put("big", bytes(6 * PART_BYTES), progress=lambda _: server.kill())
        assert time.monotonic() - began < 30
    with SERVERS[kind](tmp_path / "s3") as server:
        store = store_at(server)
        assert not store.exists("big")
        store.put("big", bytes(6 * PART_BYTES))
        assert store.stat("big").size == 6 * PART_BYTES


def test_a_dead_endpoint_is_unavailable_within_seconds() -> None:
    with socket.socket() as bound:  # and not listening: nobody else listens there meanwhile
        bound.bind(("127.0.0.1", 0))
        store = BlobStore(BlobConfig(f"http://127.0.0.1:{bound.getsockname()[1]}", "key", "secret"))
        for act in (
            store.check,
            lambda: store.put("k", b"x"),
            lambda: store.put("k", bytes(2 * PART_BYTES)),
            lambda: store.get("k"),
            lambda: store.delete("k"),
        ):
            began = time.monotonic()
            with pytest.raises(Unavailable) as caught:
                act()
            assert caught.value.reason == "object_store_unreachable"
            assert time.monotonic() - began < 10


def _send(handler: BaseHTTPRequestHandler, status: int, body: bytes, length: int | None = None) -> None:
    handler.send_response(status)
    handler.send_header("Content-Type", "application/xml")
    handler.send_header("Content-Length", str(len(body) if length is None else length))
    handler.send_header("Last-Modified", "Sat, 01 Nov 2025 00:00:00 GMT")
    handler.end_headers()
    if handler.command != "HEAD":
        handler.wfile.write(body)
        handler.wfile.flush()


def test_a_download_cut_off_is_resumed_where_it_stopped(scripted_server: Scripted) -> None:
    body = os.urandom(300_000)
    starts: list[int] = []

    def answer(handler: BaseHTTPRequestHandler) -> None:
        wanted = handler.headers.get("Range") or "bytes=0-"
        begin = int(wanted.removeprefix("bytes=").split("-")[0])
        starts.append(begin)
        rest = body[begin:]
        if len(starts) < 3:
            _send(handler, 206, rest[:100_000], len(rest))
            handler.close_connection = True
        else:
            _send(handler, 206, rest)

    with scripted_server(answer) as (store, _), store.get("k") as stream:
        assert b"".join(iter(lambda: stream.read(50_000), b"")) == body
    assert starts == [0, 100_000, 200_000]


def test_a_download_that_is_always_cut_off_is_an_error(scripted_server: Scripted) -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        _send(handler, 200, b"only this", 1000)
        handler.close_connection = True

    with scripted_server(answer) as (store, seen), store.get("k") as stream, pytest.raises(Unavailable):
        stream.read()
    assert len(seen) == 4


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_passing_errors_are_repeated(scripted_server: Scripted, status: int) -> None:
    answers = iter([status, status, 200])

    def answer(handler: BaseHTTPRequestHandler) -> None:
        code = next(answers)
        _send(handler, code, b"" if code == 200 else b"<Error><Code>SlowDown</Code></Error>")

    with scripted_server(answer) as (store, seen):
        store.put("k", b"x")
    assert seen == ["PUT", "PUT", "PUT"]


@pytest.mark.parametrize(
    ("status", "body", "kind", "requests"),
    [
        (503, b"<Error><Code>SlowDown</Code></Error>", Unavailable, 5),
        (502, b"<html>bad gateway", Unavailable, 5),
        (403, b"<Error><Code>AccessDenied</Code></Error>", Forbidden, 1),
        (403, b"", Forbidden, 1),
        (404, b"not xml at all \xff", NotFound, 1),
        (413, b"<Error><Code>EntityTooLarge</Code></Error>", TooLarge, 1),
        (400, b"<Error><Code>InvalidArgument</Code></Error>", InvalidInput, 1),
        (301, b"<Error><Code>PermanentRedirect</Code></Error>", InvalidInput, 1),
    ],
)
def test_answers_become_exceptions(
    scripted_server: Scripted, status: int, body: bytes, kind: type[PylayerError], requests: int
) -> None:
    with scripted_server(lambda handler: _send(handler, status, body)) as (store, seen):
        with pytest.raises(kind) as caught:
            store.put("k", b"x")
        assert type(caught.value) is kind
        assert len(seen) == requests
        with pytest.raises(kind):
            store.stat("k")


def test_a_completion_that_fails_with_status_200_is_an_error(scripted_server: Scripted) -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        if handler.command == "POST" and "uploads" in handler.path:
            _send(handler, 200, b"<R><UploadId>u</UploadId></R>")
        elif handler.command == "POST":
            _send(handler, 200, b"<?xml version='1.0'?><Error><Code>InternalError</Code></Error>")
        else:
            handler.send_response(200)
            handler.send_header("ETag", '"tag"')
            handler.send_header("Content-Length", "0")
            handler.end_headers()

    with scripted_server(answer) as (store, seen), pytest.raises(PylayerError):
        store.put("k", bytes(PART_BYTES + 1))
    assert seen == ["POST", "PUT", "PUT", "POST", "DELETE"]


def test_without_settings_nothing_fails_before_it_is_used() -> None:
    settings = Settings.model_construct(
        s3_endpoint=None, s3_access_key=None, s3_secret_key=None, s3_region="us-east-1"
    )
    store = BlobStore.from_settings(settings)
    assert not store.configured
    for act in (store.check, lambda: store.put("k", b"x"), lambda: store.get("k")):
        with pytest.raises(InvalidInput) as caught:
            act()
        assert caught.value.reason == "no_object_store"


@pytest.mark.parametrize("endpoint", ["ftp://host", "http://host/path", "http://host:port", "http://"])
def test_unusable_endpoints_are_named(endpoint: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        BlobStore(BlobConfig(endpoint, "key", "secret")).check()
    assert caught.value.reason == "bad_object_store_argument"


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"MINIO_ENDPOINT": "host:9000"}, "http://host:9000"),
        ({"MINIO_ENDPOINT": "host:9000", "MINIO_SECURE": "true"}, "https://host:9000"),
        ({"AWS_ENDPOINT_URL_S3": "https://s3.example.com/"}, "https://s3.example.com"),
        ({"AWS_REGION": "eu-central-1"}, "https://s3.eu-central-1.amazonaws.com"),
    ],
)
def test_endpoint_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, values: dict[str, str], expected: str
) -> None:
    for name in ("MINIO_ENDPOINT", "MINIO_SECURE", "AWS_ENDPOINT_URL_S3", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {**values, "AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "hidden"}.items():
        monkeypatch.setenv(name, value)
    config = BlobConfig.from_settings(Settings())
    assert config is not None
    assert config.endpoint == expected
    assert "hidden" not in repr(config)


def test_virtual_hosted_addresses() -> None:
    config = BlobConfig("http://s3.example.com", "key", "secret", bucket="mine", path_style=False)
    assert BlobStore(config).presigned_get("k").startswith("http://mine.s3.example.com/k?")
