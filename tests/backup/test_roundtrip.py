"""A backup, restored into another database and another bucket, is the same and still guarded."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import Connection

import pylayer
from pylayer.backup import backup, restore
from pylayer.backup.programs import run_program
from pylayer.blobs import BlobStore
from pylayer.config import Settings
from pylayer.errors import Conflict, Gone, NotFound, PylayerError
from tests.backup.conftest import LARGE, SMALL, Content
from tests.blobs.memory import growth_mib
from tests.events.samples import step

TABLES = (
    "telemetry.workflow_events",
    "telemetry.event_types",
    "telemetry.archives",
    "work.artifacts",
    "work.artifact_versions",
    "core.schema_files",
    "partman.part_config",
)


def rows(url: str) -> dict[str, list[Any]]:
    with psycopg.connect(url, options="-c timezone=UTC") as connection:
        return {
            table: connection.execute(f"select t::text from {table} as t order by 1").fetchall()
            for table in TABLES
        }


def refused(run: Callable[[], object], kind: type[PylayerError], reason: str) -> PylayerError:
    with pytest.raises(kind) as error:
        run()
    assert error.value.reason == reason
    return error.value


@pytest.mark.parametrize("jobs", [1, 2])
def test_restored_elsewhere(
    settings: Settings,
    content: Content,
    target: Settings,
    target_blobs: BlobStore,
    tmp_path: Path,
    *,
    jobs: int,
) -> None:
    saved = backup(settings, tmp_path / "b", jobs=jobs)
    assert (saved.blobs, saved.blob_bytes) == (3, len(LARGE) + len(SMALL) + 7)
    assert (saved.deleted, saved.damaged) == ([], [])

    done = restore(target, tmp_path / "b", jobs=jobs)
    assert [check for check in done.checks if check.status == "fail"] == []
    assert done.ok
    assert (done.blobs, done.blob_bytes, done.damaged) == (3, saved.blob_bytes, [])
    source, url = settings.require_database_url(), target.require_database_url()
    assert rows(url) == rows(source)
    with pylayer.connect(settings=target) as restored:
        assert restored.artifacts.read(content.large.artifact_id) == LARGE
        assert restored.artifacts.read(content.small.artifact_id) == SMALL
        assert target_blobs.get(content.archive).read() == b"archive"
        assert target_blobs.stat(content.small.storage_key).content_type == "image/png"
        restored.events.ingest(step())
        restored.artifacts.write(type="bundle", content=b"\x00new")


def test_a_restored_database_is_guarded_and_of_a_new_epoch(
    settings: Settings, content: Content, conn: Connection[Any], target: Settings, tmp_path: Path
) -> None:
    [upload] = conn.execute(
        "select * from work.begin_upload(5, repeat('a', 64), 'text/plain', 'bundle')"
    ).fetchall()
    backup(settings, tmp_path / "b")
    done = restore(target, tmp_path / "b")
    with (
        pylayer.connect(settings=target) as client,
        psycopg.connect(target.require_database_url(), autocommit=True) as connection,
    ):
        client.events.ingest(step())
        epochs = "select recorded_epoch, count(*) from telemetry.workflow_events group by 1 order by 1"
        assert connection.execute(epochs).fetchall() == [(1, content.events), (2, 1)]
        assert done.epoch == 2
        with pytest.raises(psycopg.Error) as error:
            connection.execute("select work.commit_upload(%s)", [upload["upload_id"]])
        assert error.value.sqlstate == "PT410"
        [table] = connection.execute(
            "select tableoid::regclass::text from telemetry.workflow_events limit 1"
        ).fetchall()
        for name in ("telemetry.workflow_events", table[0], "work.artifact_versions"):
            for statement in (
                f"update {name} set created_at = now()",
                f"delete from {name}",
                f"truncate {name}",
            ):
                changed = statement.replace("created_at", "ts") if "artifact" not in name else statement
                with pytest.raises(psycopg.Error) as error:
                    connection.execute(f"{changed} cascade" if "truncate" in changed else changed)
                assert error.value.sqlstate == "PT403"


def test_dump_and_objects_are_of_one_snapshot(
    settings: Settings,
    client: pylayer.Client,
    content: Content,
    target: Settings,
    *,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What is written from the snapshot on, before and after pg_dump, is in neither."""
    written: list[Any] = []

    def write() -> None:
        written.append(client.artifacts.write(type="bundle", content=b"\x00later%d" % len(written)))
        client.events.ingest(step())

    def interrupted(*arguments: Any, **more: Any) -> None:
        write()
        run_program(*arguments, **more)
        write()

    monkeypatch.setattr("pylayer.backup.saving.run_program", interrupted)
    assert backup(settings, tmp_path / "b").blobs == 3
    assert restore(target, tmp_path / "b").ok
    with pylayer.connect(settings=target) as restored:
        assert len(restored.events.query()) == content.events
        for artifact in written:
            refused(
                lambda artifact=artifact: restored.artifacts.stat(artifact.artifact_id),
                NotFound,
                "no_artifact",
            )
    assert len(written) == 2


def test_a_blob_that_is_deleted_meanwhile_is_deleted_in_the_restored_database(
    settings: Settings, client: pylayer.Client, content: Content, target: Settings, tmp_path: Path
) -> None:
    def meanwhile(label: str, _done: int, _total: int | None) -> None:
        if label == "listing the objects":
            client.artifacts.delete_blob(content.small.artifact_id, 1, reason="asked for")

    saved = backup(settings, tmp_path / "b", progress=meanwhile)
    assert (saved.deleted, saved.damaged) == ([content.small.storage_key], [])
    done = restore(target, tmp_path / "b")
    assert done.ok
    assert (done.blobs, done.deleted) == (2, [content.small.storage_key])
    with pylayer.connect(settings=target) as restored, pytest.raises(Gone):
        restored.artifacts.read(content.small.artifact_id)


def test_lost_and_damaged_objects_are_told(
    settings: Settings,
    client: pylayer.Client,
    content: Content,
    target: Settings,
    target_blobs: BlobStore,
    *,
    tmp_path: Path,
) -> None:
    client.blobs.delete(content.large.storage_key)
    client.blobs.put(content.small.storage_key, b"\x00SMALL")
    client.blobs.delete(content.archive)
    saved = backup(settings, tmp_path / "b")
    assert {damage.storage_key: damage.problem for damage in saved.damaged} == {
        content.large.storage_key: "missing",
        content.small.storage_key: "hash_mismatch",
        content.archive: "missing",
    }
    refused(lambda: restore(target, tmp_path / "b"), Conflict, "backup_damaged")
    done = restore(target, tmp_path / "b", skip_damaged=True)
    assert not done.ok
    assert (done.blobs, done.damaged) == (0, saved.damaged)
    assert not target_blobs.exists(content.small.storage_key)


def test_a_wrong_object_in_the_backup_is_refused(
    settings: Settings,
    content: Content,
    target: Settings,
    target_blobs: BlobStore,
    tmp_path: Path,
) -> None:
    backup(settings, tmp_path / "b")
    digest = content.large.content_hash
    file = tmp_path / "b/blobs" / digest[:2] / digest
    file.write_bytes(LARGE[:-1] + b"X")
    small = content.small.content_hash
    (tmp_path / "b/blobs" / small[:2] / small).unlink()
    error = refused(lambda: restore(target, tmp_path / "b"), Conflict, "backup_damaged")
    assert error.detail
    assert content.large.storage_key in error.detail
    assert not target_blobs.exists(content.large.storage_key)
    with psycopg.connect(target.require_database_url()) as connection:
        assert connection.execute("select to_regnamespace('core') is null").fetchone() == (True,)
    done = restore(target, tmp_path / "b", skip_damaged=True)
    assert {damage.storage_key: damage.problem for damage in done.damaged} == {
        content.large.storage_key: "hash_mismatch",
        content.small.storage_key: "missing",
    }
    assert done.blobs == 1


@pytest.mark.parametrize("name", ["toc.dat", "blobs.jsonl"])
def test_a_wrong_file_in_the_backup_is_refused(
    settings: Settings, content: Content, target: Settings, tmp_path: Path, name: str
) -> None:
    backup(settings, tmp_path / "b")
    [file] = (tmp_path / "b").rglob(name)
    file.write_bytes(file.read_bytes() + b"x")
    error = refused(lambda: restore(target, tmp_path / "b"), Conflict, "backup_damaged")
    assert error.detail
    assert error.detail.endswith(name)


def test_an_object_that_the_bucket_has_with_other_bytes_is_put_right(
    settings: Settings, content: Content, target: Settings, target_blobs: BlobStore, tmp_path: Path
) -> None:
    backup(settings, tmp_path / "b")
    target_blobs.make_bucket()
    target_blobs.put(content.small.storage_key, b"\x00SMALL")
    assert restore(target, tmp_path / "b").ok
    assert target_blobs.get(content.small.storage_key).read() == SMALL


def test_what_can_not_be_backed_up_or_restored(
    settings: Settings, content: Content, target: Settings, tmp_path: Path
) -> None:
    refused(lambda: restore(target, tmp_path), NotFound, "no_backup")
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign/file").touch()
    error = refused(lambda: backup(settings, tmp_path / "foreign"), PylayerError, "bad_directory")
    assert error.detail
    backup(settings, tmp_path / "b")
    refused(lambda: backup(settings, tmp_path / "b"), Conflict, "backup_exists")
    refused(lambda: restore(settings, tmp_path / "b"), Conflict, "database_not_empty")
    url = target.require_database_url()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("create function public.f() returns integer return 1")
        refused(lambda: restore(target, tmp_path / "b"), Conflict, "database_not_empty")


def test_without_object_storage_a_database_without_objects_is_enough(
    settings: Settings, client: pylayer.Client, target: Settings, tmp_path: Path
) -> None:
    client.events.ingest(step())
    none = {"s3_access_key": None, "s3_secret_key": None}
    assert backup(settings.model_copy(update=none), tmp_path / "b").blobs == 0
    done = restore(target.model_copy(update=none), tmp_path / "b")
    assert [check.name for check in done.checks if check.status == "fail"] == ["object storage"]
    client.artifacts.write(type="bundle", content=SMALL)
    refused(lambda: backup(settings.model_copy(update=none), tmp_path / "c"), PylayerError, "no_object_store")


def test_a_login_that_is_no_superuser_can_not_restore(
    settings: Settings, content: Content, target: Settings, tmp_path: Path
) -> None:
    backup(settings, tmp_path / "b")
    url = target.require_database_url()
    limited = target.model_copy(
        update={
            "database_url": Settings(DATABASE_URL=f"{url}?options=-c%20role%3Dpylayer_admin").database_url
        }
    )
    with pytest.raises(PylayerError) as error:
        restore(limited, tmp_path / "b")
    assert error.value.reason in {"missing_right", "missing_extension"}


def test_memory_does_not_grow_with_the_objects(
    settings: Settings, client: pylayer.Client, target: Settings, tmp_path: Path
) -> None:
    """Three objects of 48 MiB, four workers."""
    for number in range(3):
        client.artifacts.write(type="bundle", content=b"\x00%d" % number + bytes(48 * 2**20))
    variables = {
        "DATABASE_URL": settings.require_database_url(),
        "AWS_ENDPOINT_URL_S3": settings.s3_endpoint,
        "AWS_ACCESS_KEY_ID": settings.s3_access_key and settings.s3_access_key.get_secret_value(),
        "AWS_SECRET_ACCESS_KEY": settings.s3_secret_key and settings.s3_secret_key.get_secret_value(),
        "S3_BUCKET": settings.s3_bucket,
    }
    other = variables | {"DATABASE_URL": target.require_database_url(), "S3_BUCKET": target.s3_bucket}
    code = f"""
from pathlib import Path
from pylayer.backup import backup, restore
from pylayer.config import Settings
import minio, pylayer.doctor
path = Path({str(tmp_path / "b")!r})
baseline()
assert backup(Settings(**{variables!r}), path).blobs == 3
assert restore(Settings(**{other!r}), path).blobs == 3
"""
    assert growth_mib(code) < 120


def test_the_manifest_tells_what_made_it(settings: Settings, content: Content, tmp_path: Path) -> None:
    backup(settings, tmp_path / "b")
    manifest = json.loads((tmp_path / "b/manifest.json").read_text())
    assert (manifest["layout"], manifest["epoch"], manifest["blobs"]) == (1, 1, 3)
    assert manifest["server_version"].startswith("18")
    assert (tmp_path / "b").stat().st_mode & 0o077 == 0
