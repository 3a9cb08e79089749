"""What a caller may hand over, and what becomes of it before any server is asked."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pylayer.artifacts import INLINE_LIMIT_BYTES
from pylayer.artifacts.content import is_text_type, prepare
from pylayer.errors import Forbidden, InvalidInput, NotFound, PylayerError
from tests.artifacts.conftest import sha256


class Pipe(io.RawIOBase):
    """A stream that can't be rewound and gives a little at a time."""

    def __init__(self, body: bytes) -> None:
        super().__init__()
        self._rest = io.BytesIO(body)

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        return self._rest.read(min(size, 70_001))


def through(content: Any, mime_type: str | None = None) -> tuple[bytes, Any]:
    prepared = prepare(content, mime_type)
    try:
        body = prepared.rewound().read()
    finally:
        prepared.close()
    assert prepared.size == len(body)
    assert prepared.sha256 == sha256(body)
    assert body.startswith(prepared.head)
    if prepared.text is not None:
        assert prepared.text.encode() == body
    return body, prepared


@pytest.mark.parametrize(
    ("content", "mime_type", "body", "kind", "inline"),
    [
        ("", None, b"", "text/plain", True),
        ("grüße\n", None, "grüße\n".encode(), "text/plain", True),
        ("a\0b", None, b"a\0b", "text/plain", False),
        ({"ä": [1, None]}, None, '{"ä": [1, null]}'.encode(), "application/json", True),
        ([], None, b"[]", "application/json", True),
        (b"text", None, b"text", "application/octet-stream", False),
        (b"text", "text/plain; charset=utf-8", b"text", "text/plain; charset=utf-8", True),
        (b"\xff\xfe", "text/plain", b"\xff\xfe", "text/plain", False),
        (bytearray(b"{}"), "application/ld+json", b"{}", "application/ld+json", True),
        (memoryview(b"<a/>"), "image/svg+xml", b"<a/>", "image/svg+xml", True),
        ("text", "image/png", b"text", "image/png", False),
    ],
)
def test_values(content: Any, mime_type: str | None, body: bytes, kind: str, inline: bool) -> None:
    found, prepared = through(content, mime_type)
    assert (found, prepared.mime_type, prepared.text is not None) == (body, kind, inline)


@pytest.mark.parametrize("size", [INLINE_LIMIT_BYTES, INLINE_LIMIT_BYTES + 1])
@pytest.mark.parametrize("form", [str, Path, io.BytesIO, Pipe])
def test_the_limit_is_the_same_for_every_form(form: Any, size: int, tmp_path: Path) -> None:
    body = b"x" * size
    path = tmp_path / "file.txt"
    path.write_bytes(body)
    content = {str: body.decode(), Path: path}.get(form) or form(body)
    found, prepared = through(content, "text/plain")
    assert found == body
    assert (prepared.text is not None) == (size <= INLINE_LIMIT_BYTES)


@pytest.mark.parametrize("size", [10, 3_000_000])
def test_a_seekable_stream_counts_from_where_it_stands_and_is_left_there(size: int) -> None:
    stream = io.BytesIO(b"skipped" + b"\1" * size)
    stream.seek(7)
    body, _ = through(stream)
    assert body == b"\1" * size
    assert stream.tell() == 7


@pytest.mark.parametrize("size", [0, 10, 600_000, 5_000_000])
def test_a_pipe_is_read_once(size: int) -> None:
    body = os.urandom(size)
    assert through(Pipe(body))[0] == body


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.md", "text/markdown"),
        ("a.JSON", "application/json"),
        ("a.yml", "application/yaml"),
        ("a.tar.gz", "application/gzip"),
        ("a.py", "text/x-python"),
        ("a.png", "image/png"),
        ("a", "application/octet-stream"),
        ("a.unheard-of", "application/octet-stream"),
    ],
)
def test_the_name_tells_the_type(name: str, kind: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(b"{}")
    assert through(path)[1].mime_type == kind
    with path.open("rb") as file:
        assert through(file)[1].mime_type == kind


def test_a_changed_file_is_not_what_was_prepared(tmp_path: Path) -> None:
    path = tmp_path / "big"
    path.write_bytes(b"a" * 600_000)
    prepared = prepare(path, None)
    path.write_bytes(b"b" * 600_000)
    assert sha256(prepared.rewound().read()) != prepared.sha256
    prepared.close()


class Unreadable(io.BytesIO):
    def read(self, size: int | None = -1) -> Any:
        return None


@pytest.mark.parametrize(
    ("content", "kind", "code", "reason"),
    [
        ("\ud800", InvalidInput, "22021", None),
        ({"a": "\udfff"}, InvalidInput, "22021", None),
        ({"a": float("nan")}, InvalidInput, "PT400", "bad_json"),
        ({"a": {1, 2}}, InvalidInput, "PT400", "bad_json"),
        (io.StringIO("text"), InvalidInput, "PT400", "text_stream"),
        (Unreadable(b"x"), InvalidInput, "PT400", "text_stream"),
        (7, InvalidInput, "PT400", "bad_content"),
        (None, InvalidInput, "PT400", "bad_content"),
        (Path("/"), InvalidInput, "PT400", "not_a_file"),
        (Path("/dev/zero"), InvalidInput, "PT400", "not_a_file"),
        (Path("nul\0"), InvalidInput, "PT400", "not_a_file"),
        (Path("missing/file"), NotFound, "PT404", "no_such_file"),
    ],
)
def test_refused(content: Any, kind: type[PylayerError], code: str, reason: str | None) -> None:
    with pytest.raises(kind) as caught:
        prepare(content, None)
    assert (caught.value.code, caught.value.reason) == (code, reason)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_a_file_without_the_right_to_read_it(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.touch(mode=0)
    with pytest.raises(Forbidden) as caught:
        prepare(path, None)
    assert caught.value.reason == "unreadable_file"


def test_a_deep_document_is_refused() -> None:
    document: list[Any] = []
    for _ in range(100_000):
        document = [document]
    with pytest.raises(InvalidInput) as caught:
        prepare(document, None)
    assert caught.value.reason == "bad_json"


@given(st.binary(max_size=2000))
def test_inline_text_is_exactly_what_the_database_can_hold(body: bytes) -> None:
    _, prepared = through(body, "text/plain")
    try:
        expected = "\0" not in body.decode()
    except UnicodeDecodeError:
        expected = False
    assert (prepared.text is not None) == expected


def test_text_types() -> None:
    assert all(is_text_type(kind) for kind in ("TEXT/CSV", "application/json;v=1", "a/b+json", "text/x"))
    assert not any(is_text_type(kind) for kind in ("image/png", "application/pdf", "application/jsonx", ""))
