"""Reviewed snapshots: what the database is, as text that shows in a diff."""

from __future__ import annotations

import difflib
import os
from pathlib import Path

_FOLDER = Path(__file__).parent / "golden"
_UPDATE = "PYLAYER_UPDATE_GOLDEN"


def golden(name: str) -> str:
    """Return the reviewed text, empty when there is none yet."""
    file = _FOLDER / name
    return file.read_text("utf-8") if file.exists() else ""


def assert_golden(name: str, text: str) -> None:
    """Compare with the reviewed text, or replace it when the environment says so."""
    if os.environ.get(_UPDATE):
        (_FOLDER / name).write_text(text, "utf-8")
    wanted = golden(name)
    lines = difflib.unified_diff(
        wanted.splitlines(), text.splitlines(), f"golden/{name}", "database", n=2, lineterm=""
    )
    diff = "\n".join(lines)
    assert not diff, (
        f"{diff}\n\nIf this is meant: {_UPDATE}=1 python -m pytest -n0 tests/catalog, "
        f"then review the change of tests/catalog/golden/{name}."
    )
