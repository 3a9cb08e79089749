"""Write docs/sql.md, docs/schema.md and docs/errors.md: ``python -m docs.generate [--check]``.

Needs the extra ``embedded``: the catalog is that of a temporary server, migrated to the newest migration.
With ``--check`` nothing is written; the exit code is 1, with a diff, when a page is stale.
"""

from __future__ import annotations

import argparse
import difflib
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import psycopg

from docs.pages import ROOT, pages
from pylayer.embedded import Stack

__all__ = ["main", "stale", "write"]


def stale(wanted: Mapping[str, str], root: Path) -> Iterator[str]:
    """Yield a diff of each page below ``root`` that is not as it should be."""
    for path, text in wanted.items():
        file = root / path
        found = file.read_text("utf-8") if file.exists() else ""
        lines = difflib.unified_diff(
            found.splitlines(keepends=True), text.splitlines(keepends=True), path, f"{path} (make docs)", n=1
        )
        if diff := "".join(lines):
            yield diff


def write(wanted: Mapping[str, str], root: Path) -> None:
    """Write the pages below ``root``."""
    for path, text in wanted.items():
        (root / path).write_text(text, "utf-8")


def _current() -> dict[str, str]:
    with tempfile.TemporaryDirectory(prefix="pylayer-docs-") as home:
        stack = Stack(Path(home), durable=False)
        try:
            with psycopg.connect(stack.up().database_url) as connection:
                return pages(connection)
        finally:
            stack.down()


def main(arguments: list[str] | None = None, root: Path = ROOT) -> int:
    """Run the command line and return its exit code."""
    parser = argparse.ArgumentParser(description="write the reference pages from the catalog")
    parser.add_argument("--check", action="store_true", help="write nothing, fail when a page is stale")
    options = parser.parse_args(arguments)
    wanted = _current()
    if not options.check:
        write(wanted, root)
        return 0
    found = list(stale(wanted, root))
    sys.stdout.writelines(found)
    if found:
        print("stale; run: make docs", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
