"""Each error of the SQL files has a code of the table, a reason and all that a client needs to act."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from docs.raises import OPTIONS, Raise, read_raises, read_refusals, statements
from pylayer.errors import error_class

DB = Path(__file__).parents[2] / "db"
RAISES = list(statements(DB))
# The one place that raises what a table says: its code, message and reason are variables.
BY_TABLE = {"telemetry.raise_refusal"}
SOURCES = sorted(file for name in ("migrations", "functions", "views") for file in (DB / name).rglob("*.sql"))


def place(item: Raise) -> str:
    return f"{item.path}:{item.line}"


def _code(file: Path) -> str:
    return re.sub(r"--.*$", "", file.read_text("utf-8"), flags=re.MULTILINE)


def test_every_raise_is_found() -> None:
    words = sum(len(re.findall(r"\braise exception\b", _code(file))) for file in SOURCES)
    assert len(RAISES) == words > 0


@pytest.mark.parametrize("item", RAISES, ids=place)
def test_a_raise_has_all_options(item: Raise) -> None:
    assert set(item.options) == set(OPTIONS)
    assert item.text.startswith("raise exception using"), "no format string: %s hides values from clients"
    if item.function not in BY_TABLE:
        for name in ("errcode", "message", "constraint"):
            assert item.literal(name), f"{name} is a fixed text"


@pytest.mark.parametrize("item", [item for item in RAISES if item.function not in BY_TABLE], ids=place)
def test_a_code_has_an_exception(item: Raise) -> None:
    code, reason = item.literal("errcode"), item.literal("constraint")
    assert code is not None
    assert error_class(code) is not None
    assert code.startswith("PT"), "standard codes are Postgres' own"
    assert re.fullmatch(r"[a-z][a-z0-9_]*", str(reason))


def test_the_table_of_refusals_has_codes_with_an_exception() -> None:
    refusals = read_refusals(DB)
    assert len(refusals) >= 13
    assert [code for code, _, _ in refusals if error_class(code) is None] == []


def test_every_code_in_sql_text_has_an_exception() -> None:
    found = {code for file in SOURCES for code in re.findall(r"'(PT\d{3})'", _code(file))}
    assert found
    assert {code for code in found if error_class(code) is None} == set()


def test_every_reason_is_in_the_page() -> None:
    page = (DB.parent / "docs" / "errors.md").read_text("utf-8")
    rows = {tuple(line.split(" | ")[:2]) for line in page.splitlines()}
    assert [r for r in read_raises(DB) if (f"| {r[0]}", f"`{r[1]}`") not in rows] == []


def test_a_reason_has_one_code() -> None:
    codes: dict[str, set[str]] = {}
    for code, reason, _, _ in read_raises(DB):
        codes.setdefault(reason, set()).add(code)
    assert {reason: found for reason, found in codes.items() if len(found) > 1} == {}


@pytest.mark.parametrize("file", SOURCES, ids=lambda file: file.relative_to(DB).as_posix())
def test_nothing_swallows_errors_or_hides_columns(file: Path) -> None:
    text = _code(file).lower()
    assert not re.search(r"\bwhen\s+others\b", text)
    assert not re.search(r"\bselect\s+\*\s+into\b", text)
    assert not re.search(r"\breturn query\s+select\s+(?:\w+[.])?\*", text)
    assert not re.search(r"\braise (?:notice|warning|info|log)\b", text)
