"""Artifacts over HTTP: lists, metadata, content in parts and as a stream, uploads."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from starlette.exceptions import HTTPException
from ulid import ULID

import pylayer
from pylayer.config import Settings
from pylayer.errors import PylayerError
from pylayer.server.content import Conditions, Span, requested_span
from tests.artifacts.conftest import uploads
from tests.server.serving import served

LIMIT = 5_000_000
LARGE = os.urandom(3_500_000)
TEXT = "grüße\n" * 1000
SCOPES = ["artifacts:read", "artifacts:write"]


@pytest.fixture
def http(settings: Settings, client: pylayer.Client) -> Iterator[httpx.Client]:
    key = client.keys.create("agent", scopes=SCOPES).secret
    limited = settings.model_copy(update={"max_upload_bytes": LIMIT})
    with (
        served(limited) as url,
        httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=60) as connected,
    ):
        yield connected


def upload(http: httpx.Client, content: Any, **query: Any) -> httpx.Response:
    return http.post("/artifacts", params={"type": "report", **query}, content=content)


def content_of(made: pylayer.ArtifactVersion) -> str:
    return f"/artifacts/{made.artifact_id}/versions/{made.version}/content"


def problem(answer: httpx.Response) -> tuple[int, str | None]:
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == answer.status_code
    return answer.status_code, answer.json()["reason"]


# Metadata ---------------------------------------------------------------------------------------


def test_metadata(http: httpx.Client, client: pylayer.Client) -> None:
    made = client.artifacts.write(
        type="report", content="# Title", mime_type="text/markdown", tags=["a"], owner_run_id="r"
    )
    client.artifacts.create_version(made.artifact_id, content="# Second")
    base = f"/artifacts/{made.artifact_id}"
    for path, version in [(base, 2), (f"{base}/versions/1", 1)]:
        expected = client.artifacts.stat(made.artifact_id, version).model_dump(mode="json")
        assert http.get(path).json() == expected
    assert problem(http.get(f"{base}/versions/3")) == (404, "no_version")
    assert problem(http.get(f"/artifacts/{ULID()}")) == (404, "no_artifact")
    assert problem(http.get("/artifacts/x"))[0] == 400
    assert problem(http.get(f"{base}/versions/0"))[0] == 400


def test_a_list_in_pages(http: httpx.Client, client: pylayer.Client) -> None:
    made = [client.artifacts.write(type="report", content=f"{n}").artifact_id for n in range(5)]
    client.artifacts.write(type="other", content="x")
    found, path = [], "/artifacts?type=report&limit=2"
    while True:
        answer = http.get(path)
        found.append([artifact["artifact_id"] for artifact in answer.json()["artifacts"]])
        if "next" not in answer.links:
            break
        assert answer.json()["next"] == found[-1][-1]
        path = answer.links["next"]["url"]
    assert answer.json()["next"] is None
    assert found == [made[4:2:-1], made[2:0:-1], made[:1]]


def test_filters(http: httpx.Client, client: pylayer.Client) -> None:
    client.artifacts.write(type="report", content="1")
    facts = {"tags": ["a", "b"], "owner_run_id": "r", "owner_item_id": "i", "project_id": "p"}
    client.artifacts.write(type="report", content="2", **facts)
    for query, count in [
        ({"tags": '["a"]'}, 1),
        ({"tags": '{"a": 1}'}, 0),
        ({"owner_run_id": "r"}, 1),
        ({"owner_item_id": "i"}, 1),
        ({"project_id": "p"}, 1),
        ({"type": "nothing"}, 0),
        ({}, 2),
    ]:
        assert len(http.get("/artifacts", params=query).json()["artifacts"]) == count, query


def test_refused_queries(http: httpx.Client) -> None:
    for query in ("tags=x", "tags=1", "tags=NaN", "typ=report", "after=x", "limit=501", "type=%00"):
        assert problem(http.get(f"/artifacts?{query}"))[0] == 400, query


# Content ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("body", [TEXT, LARGE, b"", b"\0"], ids=["inline", "s3", "empty", "one byte"])
def test_content(http: httpx.Client, client: pylayer.Client, body: Any) -> None:
    made = client.artifacts.write(type="report", content=body)
    sent = body.encode() if isinstance(body, str) else body
    whole = http.get(content_of(made))
    assert (whole.status_code, whole.content) == (200, sent)
    head = http.head(content_of(made))
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"] == made.mime_type
    assert head.headers["etag"] == f'"{made.content_hash}"' == f'"{hashlib.sha256(sent).hexdigest()}"'
    assert int(head.headers["content-length"]) == len(sent)
    assert head.headers["x-content-type-options"] == "nosniff"
    assert head.headers["content-disposition"].startswith(f'attachment; filename="{made.artifact_id}-v1')
    assert {**whole.headers, "date": ""} == {**head.headers, "date": ""}


def test_html_is_not_shown_but_saved(http: httpx.Client, client: pylayer.Client) -> None:
    kind = 'text/html; a="\\"x"'
    made = client.artifacts.write(type="report", content="<script>1</script>", mime_type=kind)
    headers = http.get(content_of(made)).headers
    assert headers["content-type"] == kind
    assert headers["content-disposition"] == f'attachment; filename="{made.artifact_id}-v1.html"'
    assert "sandbox" in headers["content-security-policy"]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_what_the_client_has_is_not_sent(http: httpx.Client, client: pylayer.Client, method: str) -> None:
    made = client.artifacts.write(type="report", content=LARGE)
    client.blobs.delete(made.storage_key or "")  # so that whoever asks object storage fails
    for tags in (f'"{made.content_hash}"', f'"x", W/"{made.content_hash}"', "*"):
        answer = http.request(method, content_of(made), headers={"If-None-Match": tags})
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["etag"] == f'"{made.content_hash}"'
    other = http.head(content_of(made), headers={"If-None-Match": '"x"'})
    assert (other.status_code, other.headers["content-length"]) == (200, str(len(LARGE)))


@pytest.mark.parametrize("body", [LARGE, TEXT.encode()], ids=["s3", "inline"])
def test_ranges(http: httpx.Client, client: pylayer.Client, body: bytes) -> None:
    made = client.artifacts.write(type="report", content=body, mime_type="text/plain")
    for asked, start, end in [
        ("bytes=0-0", 0, 1),
        ("bytes=10-19", 10, 20),
        ("bytes=100-", 100, len(body)),
        ("bytes=-5", len(body) - 5, len(body)),
        ("bytes=-99999999", 0, len(body)),
        ("bytes=5-99999999999", 5, len(body)),
    ]:
        answer = http.get(content_of(made), headers={"Range": asked, "If-Range": f'"{made.content_hash}"'})
        assert (answer.status_code, answer.content) == (206, body[start:end])
        assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/{len(body)}"
        changed = http.get(content_of(made), headers={"Range": asked, "If-Range": '"other"'})
        assert (changed.status_code, changed.content) == (200, body)


def test_a_range_outside(http: httpx.Client, client: pylayer.Client) -> None:
    made = client.artifacts.write(type="report", content=LARGE)
    answer = http.get(content_of(made), headers={"Range": f"bytes={len(LARGE)}-"})
    assert problem(answer)[0] == 416
    assert answer.headers["content-range"] == f"bytes */{len(LARGE)}"


@pytest.mark.parametrize(
    ("asked", "size", "span"),
    [
        (None, 10, None),
        ("bytes=1-2,4-5", 10, None),
        ("items=1-2", 10, None),
        ("bytes=-", 10, None),
        ("bytes=5-2", 10, None),
        ("bytes=\u0661-", 10, None),
        ("BYTES=1-2", 10, Span(1, 2)),
        ("bytes=0-", 1, Span(0, 1)),
        ("bytes=-0", 10, "outside"),
        ("bytes=0-", 0, "outside"),
        ("bytes=-1", 0, "outside"),
        ("bytes=10-", 10, "outside"),
    ],
)
def test_what_a_range_means(asked: str | None, size: int, span: Any) -> None:
    conditions = Conditions(range=asked)
    if span == "outside":
        with pytest.raises(HTTPException) as caught:
            requested_span(conditions, '"x"', size)
        assert caught.value.status_code == 416
    else:
        assert requested_span(conditions, '"x"', size) == span


def test_wrong_bytes_never_arrive_complete(http: httpx.Client, client: pylayer.Client) -> None:
    made = client.artifacts.write(type="report", content=LARGE)
    client.blobs.put(made.storage_key or "", LARGE[:-1] + bytes([LARGE[-1] ^ 1]))
    with pytest.raises(httpx.RemoteProtocolError):
        http.get(content_of(made))
    small = client.artifacts.write(type="report", content=b"\0")
    client.blobs.put(small.storage_key or "", b"\1")
    assert problem(http.get(content_of(small))) == (409, "hash_mismatch")


def test_deleted_content_is_gone(http: httpx.Client, client: pylayer.Client) -> None:
    made = client.artifacts.write(type="report", content=LARGE)
    client.artifacts.delete_blob(made.artifact_id, 1, reason="asked for")
    assert problem(http.get(content_of(made))) == (410, "content_deleted")
    assert http.head(content_of(made)).status_code == 410
    assert http.get(f"/artifacts/{made.artifact_id}").json()["deleted"] is True


def test_a_missing_object(http: httpx.Client, client: pylayer.Client) -> None:
    made = client.artifacts.write(type="report", content=LARGE)
    client.blobs.delete(made.storage_key or "")
    assert problem(http.get(content_of(made))) == (404, "no_such_object")
    assert problem(http.get(content_of(made), headers={"Range": "bytes=0-1"})) == (404, "no_such_object")


# Uploads ----------------------------------------------------------------------------------------


def test_an_upload(http: httpx.Client, client: pylayer.Client) -> None:
    answer = upload(
        http,
        b"# Title",
        mime_type="text/markdown",
        tags='{"a": [1]}',
        owner_item_id="i",
        owner_run_id="r",
        project_id="p",
        preview_text="short",
    )
    assert answer.status_code == 201
    made = answer.json()
    assert answer.headers["location"] == f"/artifacts/{made['artifact_id']}/versions/1"
    info = client.artifacts.stat(made["artifact_id"])
    assert made == {**pylayer.ArtifactVersion(**dict(info)).model_dump(mode="json"), "created": True}
    assert (info.tags, info.owner_item_id, info.owner_run_id, info.project_id) == ({"a": [1]}, "i", "r", "p")
    assert (info.preview_text, info.storage_backend) == ("short", "inline")
    assert client.artifacts.read(info.artifact_id) == b"# Title"
    again = upload(http, b"# Title", artifact_id=info.artifact_id, mime_type="text/markdown")
    assert (again.status_code, again.headers["location"]) == (200, answer.headers["location"])
    assert again.json()["created"] is False
    assert upload(http, b"# Two", artifact_id=info.artifact_id, expected_version=1).status_code == 201
    stale = upload(http, b"# Three", artifact_id=info.artifact_id, expected_version=1)
    assert problem(stale) == (409, "stale_version")
    other = http.post("/artifacts", params={"type": "x", "artifact_id": info.artifact_id}, content=b"")
    assert problem(other) == (409, "type_mismatch")


@pytest.mark.parametrize(
    ("given", "stored"),
    [(None, "application/octet-stream"), ("text/plain; charset=utf-8", "text/plain; charset=utf-8")],
)
def test_the_content_type_is_the_media_type(http: httpx.Client, given: str | None, stored: str) -> None:
    headers = {} if given is None else {"Content-Type": given}
    answer = http.post("/artifacts?type=report", content=b"x", headers=headers)
    assert answer.json()["mime_type"] == stored
    assert http.get(f"{answer.headers['location']}/content").headers["content-type"] == stored


def test_a_stream_of_unknown_length(http: httpx.Client) -> None:
    parts = [LARGE[start : start + 100_000] for start in range(0, len(LARGE), 100_000)]
    made = upload(http, iter(parts)).json()
    assert (made["size_bytes"], made["content_hash"]) == (len(LARGE), hashlib.sha256(LARGE).hexdigest())
    assert http.get(f"/artifacts/{made['artifact_id']}/versions/1/content").content == LARGE


@pytest.mark.parametrize("announced", [True, False])
def test_too_large(http: httpx.Client, announced: bool) -> None:
    body = bytes(LIMIT + 1)
    assert problem(upload(http, body if announced else iter([body]))) == (413, "upload_too_large")
    assert upload(http, bytes(LIMIT)).status_code == 201


def test_nothing_is_left_of_a_broken_upload(http: httpx.Client, client: pylayer.Client, conn: Any) -> None:
    def breaking() -> Iterator[bytes]:
        yield LARGE
        raise OSError

    with pytest.raises(OSError):  # noqa: PT011 - the test's own
        upload(http, breaking())
    assert client.artifacts.list() == []
    assert uploads(conn) == []


def test_refused_uploads(http: httpx.Client, client: pylayer.Client) -> None:
    for query in (
        "",
        "type=Report",
        "type=report&artifact_id=x",
        "type=report&tags=1",
        "type=report&expected_version=-1",
        "type=report&expected_version=2147483648",
        "type=report&mime_type=x",
        "type=report&preview_text=%00",
        f"type=report&owner_run_id={'x' * 501}",
        "type=report&typ=x",
    ):
        assert problem(http.post(f"/artifacts?{query}", content=b"x"))[0] == 400, query
    assert client.artifacts.list() == []


def test_a_content_type_that_is_none(http: httpx.Client) -> None:
    answer = http.post("/artifacts?type=report", content=b"x", headers={"Content-Type": "nonsense"})
    assert problem(answer) == (400, "invalid_mime_type")


@pytest.mark.parametrize("scope", SCOPES)
def test_a_scope_allows_nothing_else(http: httpx.Client, client: pylayer.Client, scope: str) -> None:
    made = client.artifacts.write(type="report", content="x")
    headers = {"Authorization": f"Bearer {client.keys.create('one', scopes=[scope]).secret}"}
    version = f"/artifacts/{made.artifact_id}/versions/1"
    reading = [
        http.get(path, headers=headers)
        for path in ("/artifacts", f"/artifacts/{made.artifact_id}", version, f"{version}/content")
    ]
    writing = [http.post("/artifacts?type=report", content=b"x", headers=headers)]
    allowed, denied = (reading, writing) if scope == "artifacts:read" else (writing, reading)
    assert {answer.status_code for answer in allowed} <= {200, 201}
    assert {problem(answer) for answer in denied} == {(403, "missing_scope")}


def test_a_server_without_object_storage(settings: Settings, client: pylayer.Client) -> None:
    made = client.artifacts.write(type="report", content=LARGE)
    bare = Settings(DATABASE_URL=settings.require_database_url())
    key = client.keys.create("agent").secret
    with (
        served(bare) as url,
        httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=60) as http,
    ):
        for answer in (http.get(content_of(made)), upload(http, b"\0")):
            assert answer.status_code == 503
            assert "AWS" not in answer.text
        assert http.get(f"/artifacts/{made.artifact_id}").status_code == 200
        assert http.head(content_of(made)).status_code == 200
        assert upload(http, "text", mime_type="text/plain").status_code == 201
    with pytest.raises(PylayerError):
        client.artifacts.read(str(ULID()))
