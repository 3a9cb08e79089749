"""The rules live in the database: no text in the package changes data, and few parts read the catalog."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "pylayer"
_CHANGES = re.compile(
    r"\b(insert\s+into|update\s+[\w.]+\s+(?:as\s+\w+\s+)?set|delete\s+from|merge\s+into|truncate\s+(?:table\s+)?\w+[.]\w+|copy\s+\w+[.]\w+)",
    re.IGNORECASE,
)
_READS = re.compile(r"\bselect\b.+\bfrom\b", re.IGNORECASE | re.DOTALL)
# The record of what is applied is kept by what applies it.
MAY_CHANGE = {"migrate/history.py"}
MAY_READ = {"backup/target.py", "calls.py", "doctor.py", "testing/databases.py"}
READING_FOLDERS = ("migrate/", "embedded/")
FILES = sorted(PACKAGE.rglob("*.py"))


def name_of(file: Path) -> str:
    return file.relative_to(PACKAGE).as_posix()


def texts(source: str) -> Iterator[str]:
    """The string constants of a module that are no docstring."""
    tree = ast.parse(source)
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.value


@pytest.mark.parametrize("file", [f for f in FILES if name_of(f) not in MAY_CHANGE], ids=name_of)
def test_no_text_changes_data(file: Path) -> None:
    assert [text for text in texts(file.read_text("utf-8")) if _CHANGES.search(text)] == []


@pytest.mark.parametrize(
    "file",
    [f for f in FILES if name_of(f) not in MAY_READ and not name_of(f).startswith(READING_FOLDERS)],
    ids=name_of,
)
def test_no_text_reads_tables(file: Path) -> None:
    assert [text for text in texts(file.read_text("utf-8")) if _READS.search(text)] == []


@pytest.mark.parametrize(
    "statement",
    [
        "insert into work.artifacts values (1)",
        "update core.settings set epoch = 2",
        "DELETE FROM t",
        "truncate work.t",
    ],
)
def test_a_statement_that_changes_data_is_seen(statement: str) -> None:
    source = f'def f():\n    """Update it, insert into nothing."""\n    return {statement!r}\n'
    assert [text for text in texts(source) if _CHANGES.search(text)] == [statement]
