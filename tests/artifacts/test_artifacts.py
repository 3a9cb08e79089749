"""Writing, reading and looking after artifacts, through the client."""

from __future__ import annotations

import io
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest
from ulid import ULID

import pylayer
from pylayer.artifacts import INLINE_LIMIT_BYTES
from pylayer.config import Settings
from pylayer.errors import Conflict, Gone, InvalidInput, NotFound, PylayerError
from tests.artifacts.conftest import sha256, uploads, versions
from tests.blobs.memory import growth_mib

TEXT = "a" * 500_000
LARGE_TEXT = "b" * 512_001
BINARY = os.urandom(99_999) + b"\0"


@pytest.mark.parametrize(
    ("content", "body", "backend"),
    [
        ("", b"", "inline"),
        (TEXT, TEXT.encode(), "inline"),
        ("x" * INLINE_LIMIT_BYTES, b"x" * INLINE_LIMIT_BYTES, "inline"),
        (LARGE_TEXT, LARGE_TEXT.encode(), "s3"),
        ({"käse": [1, 2.5, None, "\0"]}, None, "inline"),
        ([1, 2], b"[1, 2]", "inline"),
        (BINARY, BINARY, "s3"),
        ("nul\0", b"nul\0", "s3"),
        (io.BytesIO(BINARY), BINARY, "s3"),
    ],
    ids=["empty", "500,000", "512,000", "512,001", "dict", "list", "binary", "nul", "stream"],
)
def test_what_is_read_is_what_was_written(
    client: pylayer.Client, content: Any, body: bytes | None, backend: str
) -> None:
    made = client.artifacts.write(type="report", content=content)
    found = client.artifacts.read(made.artifact_id)
    assert (made.version, made.created, made.storage_backend) == (1, True, backend)
    assert (made.size_bytes, made.content_hash) == (len(found), sha256(found))
    assert body is None or found == body
    with client.artifacts.open(made.artifact_id, 1) as stream:
        assert stream.read() == found
    assert client.artifacts.verify(made.artifact_id).ok
    if backend == "s3":
        assert made.storage_key is not None
        stored = client.blobs.stat(made.storage_key)
        assert (stored.size, stored.metadata["sha256"]) == (len(found), made.content_hash)


def test_a_file_and_everything_said_about_it(client: pylayer.Client, tmp_path: Path) -> None:
    path = tmp_path / "notes.md"
    path.write_text("# Title\n\ntext\n## Part\n")
    made = client.artifacts.write(
        type="report",
        content=path,
        tags={"team": "a"},
        owner_item_id="INFR-001",
        owner_run_id="run-1",
        project_id="p",
    )
    info = client.artifacts.stat(made.artifact_id)
    assert (info.mime_type, info.type, info.latest_version) == ("text/markdown", "report", 1)
    assert info.extracted_fields is not None
    assert info.extracted_fields["title"] == "Title"
    assert info.preview_text == "# Title\ntext\n## Part"
    assert (info.tags, info.owner_item_id, info.owner_run_id, info.project_id) == (
        {"team": "a"},
        "INFR-001",
        "run-1",
        "p",
    )
    own = client.artifacts.write(
        type="report", content="# Other", preview_text="mine", extracted_fields={"k": 1}
    )
    assert (own.preview_text, own.extracted_fields) == ("mine", {"k": 1})


@pytest.mark.parametrize("content", ["# one", b"\0one" * 1000])
def test_the_same_bytes_make_no_version(client: pylayer.Client, conn: Any, content: Any) -> None:
    first = client.artifacts.write(type="report", content=content)
    again = client.artifacts.write(type="report", content=content, artifact_id=first.artifact_id)
    third = client.artifacts.create_version(first.artifact_id, content=content)
    assert (again.version, again.created, third.version, third.created) == (1, False, 1, False)
    assert again.content_hash == first.content_hash
    assert len(versions(conn)) == 1


@pytest.mark.parametrize(("first", "second"), [("one", "two"), (b"\0one", b"\0two"), ("one", b"\xff")])
def test_versions(client: pylayer.Client, first: Any, second: Any) -> None:
    made = client.artifacts.write(type="report", content=first)
    following = client.artifacts.create_version(made.artifact_id, content=second, expected_version=1)
    assert (following.version, following.created, following.mime_type) == (2, True, made.mime_type)
    for stale in (0, 1, 3):
        with pytest.raises(Conflict) as caught:
            client.artifacts.create_version(made.artifact_id, content=b"\0third", expected_version=stale)
        assert caught.value.reason == "stale_version"
    assert [entry.version for entry in client.artifacts.list_versions(made.artifact_id)] == [2, 1]
    page = client.artifacts.list_versions(made.artifact_id, limit=1, before=2)
    assert [entry.version for entry in page] == [1]
    assert client.artifacts.read(made.artifact_id, 1) != client.artifacts.read(made.artifact_id)


@pytest.mark.parametrize("content", ["text", b"\0binary"])
def test_refusals_leave_nothing(client: pylayer.Client, conn: Any, content: Any) -> None:
    unknown = str(ULID())
    known = client.artifacts.write(type="report", content="known").artifact_id
    calls: list[tuple[Any, type[PylayerError], str]] = [
        (lambda: client.artifacts.create_version(unknown, content=content), NotFound, "PT404"),
        (
            lambda: client.artifacts.create_version(unknown, content=content, mime_type="text/plain"),
            NotFound,
            "PT404",
        ),
        (lambda: client.artifacts.read(unknown), NotFound, "PT404"),
        (lambda: client.artifacts.stat(known, 2), NotFound, "PT404"),
        (lambda: client.artifacts.verify(unknown), NotFound, "PT404"),
        (lambda: client.artifacts.write(type="other", content=content, artifact_id=known), Conflict, "PT409"),
        (lambda: client.artifacts.write(type="no type!", content=content), InvalidInput, "PT400"),
        (
            lambda: client.artifacts.write(type="report", content=content, artifact_id="no ulid"),
            InvalidInput,
            "PT400",
        ),
        (
            lambda: client.artifacts.write(type="report", content=content, owner_item_id="a\0"),
            InvalidInput,
            "22021",
        ),
    ]
    for act, kind, code in calls:
        with pytest.raises(kind) as caught:
            act()
        assert caught.value.code == code
    assert len(versions(conn)) == 1
    assert uploads(conn) == []


def test_stat_asks_no_object_storage(client: pylayer.Client, settings: Settings) -> None:
    made = client.artifacts.write(type="report", content=BINARY)
    away = settings.model_copy(update={"s3_endpoint": "http://127.0.0.1:9"})
    with pylayer.connect(settings=away) as other:
        info = other.artifacts.stat(made.artifact_id)
        assert (info.content_hash, info.storage_backend) == (sha256(BINARY), "s3")
        assert [entry.artifact_id for entry in other.artifacts.list()] == [made.artifact_id]
        assert other.artifacts.write(type="report", content="inline").created


def test_pages(client: pylayer.Client) -> None:
    ids = [client.artifacts.write(type="report", content=f"{n}").artifact_id for n in range(5)]
    client.artifacts.write(type="other", content="x", tags={"a": 1, "b": 2}, owner_run_id="r")
    found: list[str] = []
    while page := client.artifacts.list(type="report", limit=2, after=found[-1] if found else None):
        found.extend(entry.artifact_id for entry in page)
    assert found == ids[::-1]
    assert [entry.type for entry in client.artifacts.list(tags={"a": 1})] == ["other"]
    assert [entry.type for entry in client.artifacts.list(owner_run_id="r")] == ["other"]


def test_links(client: pylayer.Client) -> None:
    made = client.artifacts.write(type="report", content="x")
    assert client.artifacts.link(made.artifact_id, "evidence", item_id="INFR-001").created
    assert not client.artifacts.link(made.artifact_id, "evidence", item_id="INFR-001").created
    with pytest.raises(NotFound):
        client.artifacts.link(made.artifact_id, "evidence", version=7, item_id="INFR-001")


def test_known_bytes_are_copied_and_not_sent(client: pylayer.Client, monkeypatch: Any) -> None:
    first = client.artifacts.write(type="report", content=BINARY)
    with monkeypatch.context() as patch:
        patch.setattr(client.blobs, "put", lambda *_, **__: pytest.fail("the bytes were sent again"))
        second = client.artifacts.write(type="report", content=BINARY)
    assert second.storage_key != first.storage_key
    assert client.artifacts.read(second.artifact_id) == BINARY
    assert first.storage_key is not None
    client.blobs.delete(first.storage_key)
    assert second.storage_key is not None
    client.blobs.delete(second.storage_key)
    third = client.artifacts.write(type="report", content=BINARY)
    assert client.artifacts.read(third.artifact_id) == BINARY


def test_wrong_bytes_are_found(client: pylayer.Client) -> None:
    made = client.artifacts.write(type="report", content=BINARY)
    good = client.artifacts.create_version(made.artifact_id, content=b"\0good")
    assert made.storage_key is not None
    for damaged in (BINARY[:-1] + b"!", BINARY[:-1], BINARY + b"!"):
        client.blobs.put(made.storage_key, damaged)
        with pytest.raises(Conflict) as caught:
            client.artifacts.read(made.artifact_id, 1)
        assert caught.value.reason == "hash_mismatch"
        with client.artifacts.open(made.artifact_id, 1) as stream, pytest.raises(Conflict):
            list(iter(lambda: stream.read(10_000), b""))
    client.blobs.delete(good.storage_key or "")
    report = client.artifacts.verify(made.artifact_id)
    assert [(check.version, check.status) for check in report.checks] == [
        (2, "missing"),
        (1, "hash_mismatch"),
    ]
    assert not report.ok


def test_deleted_content_is_gone_and_its_metadata_stays(client: pylayer.Client) -> None:
    made = client.artifacts.write(type="report", content=BINARY)
    outcome = client.artifacts.delete_blob(made.artifact_id, 1, reason="a customer asked")
    assert outcome.object_deleted
    assert not client.blobs.exists(made.storage_key or "")
    with pytest.raises(Gone):
        client.artifacts.read(made.artifact_id)
    assert client.artifacts.stat(made.artifact_id).deleted
    report = client.artifacts.verify(made.artifact_id)
    assert (report.ok, report.checks[0].status) == (True, "deleted")
    inline = client.artifacts.write(type="report", content="inline")
    with pytest.raises(Conflict) as caught:
        client.artifacts.delete_blob(inline.artifact_id, 1, reason="no")
    assert caught.value.reason == "inline_content"


def test_in_a_callers_transaction(client: pylayer.Client, dsn: str, conn: Any) -> None:
    with psycopg.connect(dsn) as connection:
        bound = client.using(connection)
        bound.artifacts.write(type="report", content="inline")
        bound.artifacts.write(type="report", content=BINARY)
        assert versions(conn) == []
        connection.rollback()
    assert versions(conn) == []
    assert [upload["state"] for upload in uploads(conn)] == ["open"]


def test_a_file_that_changes_while_it_is_sent(
    client: pylayer.Client, interfering: Any, conn: Any, tmp_path: Path
) -> None:
    path = tmp_path / "changing.bin"
    path.write_bytes(bytes(20_000_000))
    artifacts, _ = interfering("begin_upload", lambda: path.write_bytes(b"\1" * 20_000_000))
    with pytest.raises(Conflict) as caught:
        artifacts.write(type="report", content=path)
    assert caught.value.reason == "content_changed"
    assert versions(conn) == []
    (upload,) = uploads(conn)
    assert upload["state"] == "aborted"
    assert not client.blobs.exists(upload["storage_key"])


def test_32_writers_of_large_versions(client: pylayer.Client) -> None:
    made = client.artifacts.write(type="report", content=b"\0start")
    bodies = [b"\0" + os.urandom(2000) for _ in range(32)]
    barrier = threading.Barrier(8)

    def write(body: bytes) -> tuple[int, bytes]:
        if body in bodies[:8]:
            barrier.wait(30)
        return client.artifacts.create_version(made.artifact_id, content=body).version, body

    with ThreadPoolExecutor(8) as workers:
        written = list(workers.map(write, bodies))
    assert len({version for version, _ in written}) == 32
    for version, body in written:
        assert client.artifacts.read(made.artifact_id, version) == body


def test_progress_adds_up(client: pylayer.Client) -> None:
    sent: list[int] = []
    client.artifacts.write(type="report", content=bytes(20_000_000), progress=sent.append)
    assert sum(sent) == 20_000_000
    assert len(sent) > 1


def test_without_object_storage_only_small_text_works(settings: Settings, conn: Any) -> None:
    none = settings.model_copy(update={"s3_access_key": None})
    with pylayer.connect(settings=none) as client:
        assert client.artifacts.write(type="report", content="text").created
        with pytest.raises(InvalidInput) as caught:
            client.artifacts.write(type="report", content=b"\0")
        assert caught.value.reason == "no_object_store"
    assert len(versions(conn)) == 1


@pytest.mark.parametrize("mib", [256, pytest.param(2048, marks=pytest.mark.slow)])
def test_memory_stays_flat(dsn: str, s3_settings: dict[str, str], tmp_path: Path, mib: int) -> None:
    path = tmp_path / "big.bin"
    with path.open("wb") as file:
        file.truncate(mib * 1024 * 1024)
    environment = {"DATABASE_URL": dsn, **s3_settings}
    code = f"""
import pathlib, pylayer
from pylayer.config import Settings
with pylayer.connect(settings=Settings(**{environment!r})) as client:
    small = client.artifacts.write(type="report", content=b"\\0warm")
    client.artifacts.read(small.artifact_id)
    baseline()
    made = client.artifacts.write(type="report", content=pathlib.Path({str(path)!r}))
    assert client.artifacts.verify(made.artifact_id).ok
"""
    assert growth_mib(code) < 64
