"""The same behaviour on every S3 server."""

from __future__ import annotations

import hashlib
import io
import os
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from pylayer.blobs import BlobStore
from pylayer.blobs.multipart import PART_BYTES
from pylayer.errors import Conflict, Forbidden, InvalidInput, NotFound
from tests.blobs.conftest import store_at
from tests.blobs.memory import growth_mib

KEY = "artifacts/report/01/v1/öß +%.bin"


def test_bytes_come_back_as_they_went(store: BlobStore) -> None:
    for body in (b"", b"x", os.urandom(100_000)):
        digest = store.put(KEY, body, content_type="text/markdown", metadata={"Run": "7"})
        with store.get(KEY) as stream:
            assert stream.read() == body
        stat = store.stat(KEY)
        assert digest == hashlib.sha256(body).hexdigest()
        assert (stat.size, stat.content_type, stat.metadata) == (len(body), "text/markdown", {"run": "7"})


@pytest.mark.parametrize("size", [PART_BYTES, PART_BYTES + 1, 3 * PART_BYTES, 4 * PART_BYTES + 12345])
def test_parts_make_the_whole(store: BlobStore, size: int) -> None:
    body = os.urandom(1 << 20) * (size // (1 << 20) + 1)
    body, sent = body[:size], []
    digest = hashlib.sha256(body).hexdigest()
    assert store.put(KEY, io.BytesIO(body), size, sha256=digest, progress=sent.append) == digest
    received = hashlib.sha256()
    with store.get(KEY) as stream:
        assert stream.size == size
        for chunk in stream:
            received.update(chunk)
    assert received.hexdigest() == digest
    assert sum(sent) == size
    assert store.abort_multipart(KEY) == 0


def test_a_stream_is_read_from_where_it_stands_and_no_further(store: BlobStore) -> None:
    source = io.BytesIO(b"0123456789")
    source.seek(2)
    store.put(KEY, source, 5)
    assert store.get(KEY).read() == b"23456"
    assert source.tell() == 7


@pytest.mark.parametrize(
    ("offset", "length", "expected"),
    [(0, None, b"0123456789"), (3, None, b"3456789"), (0, 4, b"0123"), (3, 4, b"3456"), (9, 1, b"9")],
)
def test_ranges(store: BlobStore, offset: int, length: int | None, expected: bytes) -> None:
    store.put(KEY, b"0123456789")
    with store.get(KEY, offset=offset, length=length) as stream:
        assert stream.read() == expected


@pytest.mark.parametrize(("offset", "length"), [(-1, None), (0, 0), (0, -5), (100, None)])
def test_a_range_outside_of_the_object_is_refused(store: BlobStore, offset: int, length: int | None) -> None:
    store.put(KEY, b"0123456789")
    with pytest.raises(InvalidInput) as caught:
        store.get(KEY, offset=offset, length=length)
    assert caught.value.reason == "bad_range"


def test_copy_and_delete(store: BlobStore) -> None:
    store.put(KEY, b"payload", metadata={"run": "7"})
    store.copy(KEY, "copied")
    store.delete(KEY)
    store.delete(KEY)
    assert not store.exists(KEY)
    assert store.get("copied").read() == b"payload"


@pytest.mark.parametrize("size", [100, 2 * PART_BYTES])
def test_changed_content_makes_no_object(store: BlobStore, size: int) -> None:
    body = bytes(size)
    for source, announced in ((io.BytesIO(body), size), (io.BytesIO(body[:-1]), size)):
        with pytest.raises(Conflict) as caught:
            store.put(KEY, source, announced, sha256="0" * 64)
        assert caught.value.reason == "content_changed"
    assert not store.exists(KEY)
    assert store.abort_multipart(KEY) == 0


def test_a_failing_source_leaves_no_parts(store: BlobStore) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell() >= 2 * PART_BYTES:
                raise OSError("the disk is gone")
            return super().read(size)

    with pytest.raises(OSError, match="disk"):
        store.put(KEY, Broken(bytes(3 * PART_BYTES)), 3 * PART_BYTES)
    assert not store.exists(KEY)
    assert store.abort_multipart(KEY) == 0


def test_unfinished_uploads_are_found_and_aborted(store: BlobStore, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("pylayer.blobs.multipart._Multipart.abort", lambda _: None)
        for key in (KEY, KEY, KEY + ".other"):
            with pytest.raises(Conflict):
                store.put(key, bytes(2 * PART_BYTES), sha256="0" * 64)
    assert store.abort_multipart(KEY) == 2
    assert store.abort_multipart(KEY) == 0
    assert store.abort_multipart(KEY + ".other") == 1


def test_missing_objects(store: BlobStore) -> None:
    for act in (
        lambda: store.stat("absent"),
        lambda: store.get("absent"),
        lambda: store.copy("absent", "target"),
    ):
        with pytest.raises(NotFound) as caught:
            act()
        assert caught.value.reason == "no_such_object"


def test_missing_bucket(server: Any) -> None:
    store = store_at(server, "never-made")
    for act in (
        store.check,
        lambda: store.put("k", b"x"),
        lambda: store.put("k", bytes(2 * PART_BYTES)),
        lambda: store.get("k"),
        lambda: store.delete("k"),
    ):
        with pytest.raises(NotFound) as caught:
            act()
        assert caught.value.reason == "no_such_bucket"


@pytest.mark.parametrize("change", [{"secret_key": "wrong-secret"}, {"access_key": "nobody"}])
def test_wrong_credentials(server: Any, change: dict[str, str]) -> None:
    store = store_at(server, "never-made", **change)
    for act in (
        store.check,
        store.make_bucket,
        lambda: store.put("k", b"x"),
        lambda: store.put("k", bytes(2 * PART_BYTES)),
        lambda: store.get("k"),
        lambda: store.stat("k"),
        lambda: store.delete("k"),
        lambda: store.abort_multipart("k"),
    ):
        with pytest.raises(Forbidden) as caught:
            act()
        assert caught.value.reason == "object_store_denied"


@pytest.mark.parametrize("key", ["../up", "a/./b", "", " "])
def test_keys_that_paths_would_swallow_are_refused(store: BlobStore, key: str) -> None:
    for act in (lambda: store.put(key, b"x"), lambda: store.get(key), lambda: store.delete(key)):
        with pytest.raises(InvalidInput):
            act()


def test_metadata_must_be_ascii(store: BlobStore) -> None:
    with pytest.raises(InvalidInput) as caught:
        store.put(KEY, b"x", metadata={"name": "a\r\nb"})
    assert caught.value.reason == "bad_metadata"


def test_presigned_urls(store: BlobStore) -> None:
    request = urllib.request.Request(store.presigned_put(KEY), data=b"sent by anybody", method="PUT")
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 200
    with urllib.request.urlopen(store.presigned_get(KEY)) as answer:
        assert answer.read() == b"sent by anybody"


def test_making_a_bucket_twice(store: BlobStore) -> None:
    assert store.make_bucket() is False
    store.check()


def test_reading_a_part_gives_the_connection_back(store: BlobStore) -> None:
    store.put(KEY, bytes(PART_BYTES))
    for _ in range(40):
        with store.get(KEY) as stream:
            assert len(stream.read(10)) == 10
    assert store.exists(KEY)


def test_memory_stays_flat(store: BlobStore, tmp_path: Path) -> None:
    path = tmp_path / "big"
    with path.open("wb") as file:
        file.truncate(256 * 1024 * 1024)
    config = store._config
    assert config is not None
    code = f"""
import hashlib, pathlib
from pylayer.blobs import BlobStore
from pylayer.blobs.transport import BlobConfig
store = BlobStore(BlobConfig({config.endpoint!r}, {config.access_key!r}, {config.secret_key!r},
                             bucket={config.bucket!r}))
store.put("warm", b"x"); store.get("warm").read()
baseline()
path = pathlib.Path({str(path)!r})
with path.open("rb") as file:
    store.put("big", file, path.stat().st_size)
with store.get("big") as stream:
    assert sum(len(chunk) for chunk in stream) == path.stat().st_size
"""
    assert growth_mib(code) < 64
