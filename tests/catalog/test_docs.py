"""The reference pages say what the catalog says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
import pytest

from docs import generate
from docs.pages import ROOT, pages


@pytest.fixture(scope="module")
def wanted(catalog_dsn: str) -> dict[str, str]:
    with psycopg.connect(catalog_dsn) as connection:
        return pages(connection)


def test_the_pages_are_current(wanted: dict[str, str]) -> None:
    assert "".join(generate.stale(wanted, ROOT)) == "", "run: make docs"


def test_what_is_stale_shows_as_a_diff(wanted: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    generate.write(wanted, tmp_path)
    assert list(generate.stale(wanted, tmp_path)) == []
    (tmp_path / "docs" / "sql.md").unlink()
    page = tmp_path / "docs" / "schema.md"
    page.write_text(page.read_text().replace("### work.artifacts\n", "### work.things\n"))
    found = "".join(generate.stale(wanted, tmp_path))
    assert "+### work.artifacts\n" in found
    assert "+# SQL functions\n" in found


def test_check_writes_nothing_and_fails_when_stale(
    wanted: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(generate, "_current", lambda: wanted)
    (tmp_path / "docs").mkdir()
    page = tmp_path / "docs" / "sql.md"
    assert generate.main([], tmp_path) == 0
    assert generate.main(["--check"], tmp_path) == 0
    assert capsys.readouterr().out == ""
    page.write_text("old\n")
    assert generate.main(["--check"], tmp_path) == 1
    assert "-old\n" in capsys.readouterr().out
    assert page.read_text() == "old\n"


def test_each_function_has_a_place_in_the_page(
    wanted: dict[str, str], catalog: psycopg.Connection[Any]
) -> None:
    names = catalog.execute(
        "select pronamespace::regnamespace::text || '.' || proname as name from pg_proc "
        "where pronamespace::regnamespace::text in ('core', 'telemetry', 'work')"
    )
    assert [row["name"] for row in names if f"{row['name']}(" not in wanted["docs/sql.md"]] == []
