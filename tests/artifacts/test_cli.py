"""``pylayer artifact``."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

import pylayer
from pylayer.cli.artifacts import app
from pylayer.errors import InvalidInput, NotFound

Invoke = Callable[..., Result]


@pytest.fixture
def invoke(dsn: str, s3_settings: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Invoke:
    for name, value in {"DATABASE_URL": dsn, **s3_settings}.items():
        monkeypatch.setenv(name, value)

    def call(*arguments: Any, code: int = 0, **options: Any) -> Result:
        result = CliRunner().invoke(app, [str(argument) for argument in arguments], **options)
        assert result.exit_code == code, result.output
        return result

    return call


def test_put_show_ls_get_verify(invoke: Invoke, tmp_path: Path) -> None:
    body = os.urandom(100_000)
    source, target = tmp_path / "in.bin", tmp_path / "out.bin"
    source.write_bytes(body)
    made = json.loads(invoke("put", source, "--type", "bundle", "--tag", "a=1", "--json").stdout)
    assert (made["version"], made["created"], made["storage_backend"]) == (1, True, "s3")
    made_again = json.loads(invoke("put", source, "--id", made["artifact_id"], "--json").stdout)
    assert not made_again["created"]
    shown = json.loads(invoke("show", made["artifact_id"], "--json").stdout)
    assert (shown["content_hash"], shown["tags"]) == (made["content_hash"], {"a": "1"})
    listed = json.loads(invoke("ls", "--type", "bundle", "--tag", "a=1", "--json").stdout)
    assert [entry["artifact_id"] for entry in listed] == [made["artifact_id"]]
    assert json.loads(invoke("ls", made["artifact_id"], "--json").stdout)[0]["version"] == 1
    assert invoke("get", made["artifact_id"]).stdout_bytes == body
    got = json.loads(invoke("get", made["artifact_id"], "-o", target, "--json").stdout)
    assert got["content_hash"] == made["content_hash"]
    assert target.read_bytes() == body
    assert json.loads(invoke("verify", made["artifact_id"], "--json").stdout)["ok"] is True


def test_readable_output(invoke: Invoke, tmp_path: Path) -> None:
    made = invoke("put", "-", "--type", "note", "--mime", "text/plain", input="from a pipe")
    artifact_id = made.stdout.split()[1]
    assert invoke("get", artifact_id).stdout == "from a pipe"
    assert "text/plain" in invoke("show", artifact_id).stdout
    assert artifact_id in invoke("ls").stdout
    assert "ok" in invoke("verify", artifact_id).stdout


def test_damage(invoke: Invoke, client: pylayer.Client, tmp_path: Path) -> None:
    made = client.artifacts.write(type="bundle", content=bytes(1000))
    client.blobs.put(made.storage_key or "", b"\1" * 1000)
    target = tmp_path / "out.bin"
    target.write_text("older")
    failed = invoke("get", made.artifact_id, "-o", target, code=1)
    assert getattr(failed.exception, "reason", None) == "hash_mismatch"
    assert [path.name for path in tmp_path.iterdir()] == ["out.bin"]
    assert target.read_text() == "older"
    assert "hash_mismatch" in invoke("verify", made.artifact_id, code=1).stdout


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        (["put", "missing.txt", "--type", "x"], NotFound),
        (["put", "missing.txt"], InvalidInput),
        (["get", "01ARZ3NDEKTSV4RRFFQ69G5FAV", "--json"], InvalidInput),
        (["show", "01ARZ3NDEKTSV4RRFFQ69G5FAV"], NotFound),
        (["ls", "--tag", "=x"], InvalidInput),
        (["ls", "01ARZ3NDEKTSV4RRFFQ69G5FAV", "--after", "x"], InvalidInput),
    ],
)
def test_mistakes(invoke: Invoke, arguments: list[str], kind: type[Exception]) -> None:
    assert isinstance(invoke(*arguments, code=1).exception, kind)
