"""Artifacts: inline writes beside a bare INSERT, blobs beside raw minio-py, metadata beside a key."""

from __future__ import annotations

import hashlib
import os
import random
import tempfile
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from minio import Minio
from psycopg import Connection

import pylayer
from bench.environment import connection, fresh_database
from bench.results import Result
from bench.timing import Case, Timing, interleave
from pylayer.config import Settings
from pylayer.ids import new_ulid

__all__ = ["measure"]

_MIB = 2**20
_BLOCK = _MIB
_INLINE_BYTES = 4096
_CREATE = "select * from work.create_artifact(p_type => 'report', p_content => %s)"
_INSERT = (
    "with a as (insert into work.artifacts "
    "(artifact_id, type, latest_version, reserved_version, latest_content_hash) "
    "values (%(id)s, 'report', 1, 1, %(hash)s) returning artifact_id) "
    "insert into work.artifact_versions "
    "(artifact_id, version, mime_type, size_bytes, content_hash, storage_backend, inline_content_text) "
    "select a.artifact_id, 1, 'text/plain', %(size)s, %(hash)s, 'inline', %(content)s from a"
)
_BY_KEY = (
    "select artifact_id, version, mime_type, size_bytes, content_hash, storage_backend, storage_key, "
    "preview_text, extracted_fields, created_at "
    "from work.artifact_versions where artifact_id = %s and version = 1"
)
_GET = "select * from work.get_artifact(p_artifact_id => %s)"


def measure(settings: Settings, *, quick: bool) -> list[Result]:
    """Measure artifacts on a fresh database and the configured object storage."""
    with fresh_database(settings) as url, pylayer.connect(url, pool_size=2, settings=settings) as client:
        with connection(url) as server:
            results = _inline(server, client, 5 if quick else 30) + _metadata(
                server, client, 5 if quick else 30
            )
        blobs = _Blobs(settings, client)
        results += blobs.measure(20 * _MIB, 3 if quick else 15)
        return results if quick else results + blobs.measure(1024 * _MIB, 5)


def _inline(server: Connection[Any], client: pylayer.Client, rounds: int) -> list[Result]:
    found = interleave(
        [
            Case("bare", lambda row: server.execute(_INSERT, row), lambda: _row(_text())),
            Case("sql", lambda text: server.execute(_CREATE, (text,)).fetchall(), _text),
            Case("client", lambda text: client.artifacts.write(type="report", content=text), _text),
        ],
        rounds,
        calls=20,
    )
    bare = ("bare INSERT of both rows", found["bare"])
    return [
        _rate("create_artifact, 4 KB inline", found["sql"], bare, 0.6),
        _rate("client.artifacts.write, 4 KB inline", found["client"], bare, 0.6),
    ]


def _metadata(server: Connection[Any], client: pylayer.Client, rounds: int) -> list[Result]:
    known = [client.artifacts.write(type="report", content=_text()).artifact_id for _ in range(200)]

    def one() -> str:
        return random.choice(known)

    found = interleave(
        [
            Case("key", lambda key: server.execute(_BY_KEY, (key,)).fetchall(), one),
            Case("sql", lambda key: server.execute(_GET, (key,)).fetchall(), one),
            Case("client", client.artifacts.stat, one),
        ],
        rounds,
        calls=20,
    )
    by_key = ("SELECT by primary key", found["key"])
    return [
        _rate("get_artifact, metadata", found["sql"], by_key),
        _rate("client.artifacts.stat", found["client"], by_key),
    ]


class _Blobs:
    """Blobs by path, beside minio-py and one pass of sha256 over the same bytes."""

    def __init__(self, settings: Settings, client: pylayer.Client) -> None:
        endpoint = urlsplit(settings.s3_endpoint or "")
        self._client = client
        self._bucket = settings.s3_bucket
        self._minio = Minio(
            endpoint.netloc,
            access_key=settings.s3_access_key.get_secret_value() if settings.s3_access_key else None,
            secret_key=settings.s3_secret_key.get_secret_value() if settings.s3_secret_key else None,
            region=settings.s3_region,
            secure=endpoint.scheme == "https",
        )
        self._keys: list[str] = []
        self._known: list[str] = []

    def measure(self, size: int, rounds: int) -> list[Result]:
        """Measure writing and reading of one size; what was stored is removed afterwards."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "blob.bin"
            try:
                return self._measure(path, size, rounds)
            finally:
                for key in self._keys:
                    self._minio.remove_object(self._bucket, key)
                for artifact_id in self._known:
                    self._client.artifacts.delete_blob(artifact_id, 1, reason="benchmark")
                self._keys.clear()
                self._known.clear()

    def _measure(self, path: Path, size: int, rounds: int) -> list[Result]:
        def fresh() -> Path:
            _change(path, size)
            return path

        written = interleave([Case("put", self._put, fresh), Case("write", self._write, fresh)], rounds)
        os.sync()  # or the disk is still busy with what was written, and slows down whoever reads next
        found = written | self._read_one(self._known[-1], rounds)
        label = f"{size // _MIB} MiB"
        put, get = ("minio-py put + sha256", found["put"]), ("minio-py get + sha256", found["get"])
        return [
            _speed(f"artifacts.write, {label}", found["write"], put, size),
            _speed(f"artifacts.open and read, {label}", found["read"], get, size),
        ]

    def _read_one(self, artifact_id: str, rounds: int) -> dict[str, Timing]:
        """Read the same object in both ways."""
        key = self._client.artifacts.stat(artifact_id).storage_key or ""
        cases = [Case("get", lambda _: self._get(key)), Case("read", lambda _: self._read(artifact_id))]
        return interleave(cases, rounds)

    def _put(self, path: Path) -> None:
        digest = _hash(path)
        self._keys.append(f"bench/{uuid.uuid4().hex}/{digest}")
        self._minio.fput_object(self._bucket, self._keys[-1], str(path))

    def _write(self, path: Path) -> None:
        self._known.append(self._client.artifacts.write(type="bench", content=path).artifact_id)

    def _get(self, key: str) -> None:
        response = self._minio.get_object(self._bucket, key)
        try:
            _drain(response.read)
        finally:
            response.close()
            response.release_conn()

    def _read(self, artifact_id: str) -> None:
        with self._client.artifacts.open(artifact_id) as content:
            while content.read(_BLOCK):
                pass


def _drain(read: Callable[[int], bytes]) -> str:
    digest = hashlib.sha256()
    while block := read(_BLOCK):
        digest.update(block)
    return digest.hexdigest()


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _change(path: Path, size: int) -> None:
    """Make the file, then give it other bytes at its start, so that no two writes have the same hash."""
    if not path.exists():
        with path.open("wb") as file:
            for _ in range(size // _BLOCK):
                file.write(os.urandom(_BLOCK))
    with path.open("r+b") as file:
        file.write(os.urandom(64))


def _text() -> str:
    return os.urandom(_INLINE_BYTES // 2).hex()


def _row(text: str) -> dict[str, Any]:
    return {
        "id": new_ulid(),
        "hash": hashlib.sha256(text.encode()).hexdigest(),
        "size": len(text),
        "content": text,
    }


def _rate(name: str, timing: Timing, beside: tuple[str, Timing], target: float | None = None) -> Result:
    return Result(
        name=name,
        value=1 / timing.median,
        unit="calls/s",
        repetitions=len(timing.seconds),
        noise=timing.spread,
        compared_with=beside[0],
        reference=1 / beside[1].median,
        ratio=beside[1].median / timing.median,
        target=target,
    )


def _speed(name: str, timing: Timing, beside: tuple[str, Timing], size: int) -> Result:
    return Result(
        name=name,
        value=size / _MIB / timing.median,
        unit="MiB/s",
        repetitions=len(timing.seconds),
        noise=timing.spread,
        compared_with=beside[0],
        reference=size / _MIB / beside[1].median,
        ratio=beside[1].median / timing.median,
        target=0.9,
    )
