"""Runs the pgTAP scripts of db/tests, each in one transaction that is rolled back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import Connection, Cursor, errors

from tests.catalog.databases import copy_of

FOLDER = Path(__file__).parents[1] / "db" / "tests"
SCRIPTS = sorted(FOLDER.glob("*/*.sql"))
_PLAN = re.compile(r"^1\.\.(\d+)$", re.MULTILINE)
_TEST = re.compile(r"^(not )?ok (\d+)", re.MULTILINE)


@pytest.fixture(scope="module")
def tap_dsn(template: Any) -> Iterator[str]:
    """A migrated database with pgTAP in a schema of its own; scripts leave nothing behind in it."""
    with copy_of(template, "pgtap") as dsn:
        with psycopg.connect(dsn) as connection:
            connection.execute("create schema tap")
            try:
                connection.execute("create extension pgtap schema tap")
            except (errors.FeatureNotSupported, errors.UndefinedFile) as error:
                pytest.skip(f"pgTAP is not installed; run: make setup ({error})")
            connection.execute((FOLDER / "helpers.sql").read_text("utf-8").encode())
            connection.execute("grant usage on schema tap to public")
        yield dsn


@pytest.fixture
def tap(tap_dsn: str) -> Iterator[Connection[Any]]:
    with psycopg.connect(tap_dsn) as connection:
        connection.execute("set local search_path = tap, pg_catalog")
        yield connection
        connection.rollback()


def lines(cursor: Cursor[Any]) -> Iterator[str]:
    """The text that each statement of a script returns."""
    while True:
        if cursor.description:
            yield from (row[0] for row in cursor if len(row) == 1 and isinstance(row[0], str))
        if not cursor.nextset():
            return


def problems(output: str) -> str:
    """What is wrong with a script's output, empty when nothing is."""
    tests = _TEST.findall(output)
    plans = [int(number) for number in _PLAN.findall(output)]
    found = re.findall(r"^not ok .*(?:\n#.*)*", output, re.MULTILINE)
    if plans != [len(tests)]:
        found.append(f"plan {plans}, but {len(tests)} tests ran (a script ends with: select * from finish())")
    if not tests:
        found.append("no test ran")
    return "\n".join(found)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_script(tap: Connection[Any], script: Path) -> None:
    output = "\n".join(lines(tap.execute(script.read_text("utf-8").encode())))
    assert problems(output) == ""


@pytest.mark.parametrize(
    ("script", "finding"),
    [
        ("select plan(1); select ok(true); select * from finish();", ""),
        ("select no_plan(); select ok(true); select * from finish();", ""),
        ("select plan(1); select is(1, 2, 'same'); select * from finish();", "not ok 1 - same"),
        ("select plan(2); select ok(true); select * from finish();", "plan [2], but 1 tests ran"),
        ("select no_plan(); select ok(true);", "plan [], but 1 tests ran"),
        ("select plan(0);", "no test ran"),
    ],
)
def test_a_failing_script_is_seen(tap: Connection[Any], script: str, finding: str) -> None:
    found = problems("\n".join(lines(tap.execute(script.encode()))))
    assert found.startswith(finding) if finding else found == ""


def test_each_function_that_others_call_has_a_script() -> None:
    granted = [
        file.relative_to(FOLDER.parent / "functions")
        for file in FOLDER.parent.glob("functions/*/*.sql")
        if "grant execute on function" in file.read_text("utf-8")
    ]
    assert sorted(str(path) for path in granted if not (FOLDER / path).exists()) == []
