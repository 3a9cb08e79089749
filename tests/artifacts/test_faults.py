"""Crashes at named points: never a version without its bytes, never bytes that nobody cleans up."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from ulid import ULID

import pylayer
from pylayer.blobs.multipart import PART_BYTES
from pylayer.errors import Conflict, PylayerError, Unavailable
from tests.artifacts.conftest import private_s3, uploads, versions

BODY = os.urandom(1000)


def test_object_storage_killed_in_the_middle_of_an_upload(dsn: str, conn: Any, tmp_path: Path) -> None:
    body, artifact_id = bytes(5 * PART_BYTES), str(ULID())
    with private_s3(tmp_path / "s3", dsn) as (client, server):
        with pytest.raises(Unavailable):
            client.artifacts.write(
                type="report", content=body, artifact_id=artifact_id, progress=lambda _: server.kill()
            )
        assert versions(conn) == []
        (failed,) = uploads(conn)
        assert failed["state"] == "aborted"
        report = client.artifacts.clean_uploads()
        assert (report.uploads, len(report.errors)) == (0, 1)
    with private_s3(tmp_path / "s3", dsn) as (client, _):
        made = client.artifacts.write(type="report", content=body, artifact_id=artifact_id)
        assert (made.version, made.created) == (2, True)
        report = client.artifacts.clean_uploads()
        assert (report.uploads, report.errors) == (1, [])
        assert not client.blobs.exists(failed["storage_key"])
        assert client.artifacts.verify(artifact_id).ok


class Killed(BaseException):
    """Stands for the death of the process: nothing catches it."""


@pytest.mark.parametrize("point", ["begin_upload", "commit_upload"])
def test_a_writer_that_dies(client: pylayer.Client, interfering: Any, conn: Any, point: str) -> None:
    def die() -> None:
        raise Killed

    artifacts, _ = interfering(point, die)
    with pytest.raises(Killed):
        artifacts.write(type="report", content=BODY)
    (upload,) = uploads(conn)
    committed = point == "commit_upload"
    assert len(versions(conn)) == (1 if committed else 0)
    client.blobs.put(upload["storage_key"], BODY)
    conn.execute(
        "update work.artifact_uploads set created_at = created_at - interval '1 year',"
        " expires_at = expires_at - interval '1 year'"
    )
    report = client.artifacts.clean_uploads()
    assert (report.uploads, report.errors) == (0 if committed else 1, [])
    assert client.blobs.exists(upload["storage_key"]) is committed


def test_a_lost_answer_of_the_commit(interfering: Any, conn: Any, client: pylayer.Client) -> None:
    lost = iter([Unavailable("the connection broke"), None])

    def lose() -> None:
        if error := next(lost):
            raise error

    artifacts, runner = interfering("commit_upload", lose)
    made = artifacts.write(type="report", content=BODY)
    assert (made.version, made.created, runner.calls) == (1, True, 2)
    assert len(versions(conn)) == 1
    assert client.artifacts.read(made.artifact_id) == BODY


def test_a_commit_that_never_answers_keeps_the_bytes(
    interfering: Any, conn: Any, client: pylayer.Client
) -> None:
    def lose() -> None:
        raise Unavailable("the connection broke")

    artifacts, _ = interfering("commit_upload", lose)
    with pytest.raises(Unavailable):
        artifacts.write(type="report", content=BODY)
    (version,) = versions(conn)
    assert client.artifacts.read(version["artifact_id"]) == BODY
    assert client.artifacts.clean_uploads().uploads == 0
    assert client.artifacts.read(version["artifact_id"]) == BODY


def test_a_lost_answer_of_an_inline_write(interfering: Any, conn: Any) -> None:
    lost = iter([Unavailable("the connection broke"), None])

    def lose() -> None:
        if error := next(lost):
            raise error

    artifacts, _ = interfering("create_artifact", lose)
    assert artifacts.write(type="report", content="text").version == 1
    assert len(versions(conn)) == 1


@pytest.mark.parametrize("other", [None, "from another writer"])
def test_a_lost_answer_of_a_compare_and_set(
    interfering: Any, conn: Any, client: pylayer.Client, other: str | None
) -> None:
    """What the lost call stored is no conflict with itself; what another stored since is one."""
    first = client.artifacts.write(type="report", content="one")
    lost = iter([Unavailable("the connection broke"), None])

    def lose() -> None:
        if error := next(lost):
            if other:
                client.artifacts.create_version(first.artifact_id, content=other)
            raise error

    artifacts, _ = interfering("create_version", lose)
    write = {"content": "two", "expected_version": 1}
    if other:
        with pytest.raises(Conflict) as caught:
            artifacts.create_version(first.artifact_id, **write)
        assert caught.value.reason == "stale_version"
    else:
        assert artifacts.create_version(first.artifact_id, **write).version == 2
    assert len(versions(conn)) == (3 if other else 2)


def test_two_uploads_of_the_same_bytes_make_one_version(
    client: pylayer.Client, interfering: Any, conn: Any
) -> None:
    made = client.artifacts.write(type="report", content=b"\0first")
    artifacts, _ = interfering(
        "begin_upload", lambda: client.artifacts.create_version(made.artifact_id, content=BODY)
    )
    late = artifacts.create_version(made.artifact_id, content=BODY)
    assert (late.version, late.created) == (3, False)
    assert len(versions(conn)) == 2
    report = client.artifacts.clean_uploads()
    assert (report.uploads, report.errors) == (1, [])
    assert client.artifacts.verify(made.artifact_id).ok


def test_a_deletion_while_object_storage_is_away(dsn: str, tmp_path: Path) -> None:
    with private_s3(tmp_path / "s3", dsn) as (client, server):
        made = client.artifacts.write(type="report", content=BODY)
        server.kill()
        outcome = client.artifacts.delete_blob(made.artifact_id, 1, reason="asked for")
        assert not outcome.object_deleted
        assert len(client.artifacts.clean_uploads().errors) == 1
        with pytest.raises(PylayerError) as caught:
            client.artifacts.read(made.artifact_id)
        assert caught.value.code == "PT410"
    with private_s3(tmp_path / "s3", dsn) as (client, _):
        assert client.blobs.exists(outcome.storage_key)
        report = client.artifacts.clean_uploads()
        assert (report.blobs, report.errors) == (1, [])
        assert not client.blobs.exists(outcome.storage_key)
        assert client.artifacts.clean_uploads().blobs == 0
