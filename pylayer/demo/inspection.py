"""Inspecting: ruff's findings, and files that are too large, unparsable or unreadable."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from pylayer.demo.findings import Finding, FindingsFile, Inspection, Severity
from pylayer.demo.lint import UNPARSABLE, lint
from pylayer.demo.text import plain
from pylayer.demo.tree import SourceFile, SourceTree, open_source

__all__ = ["MOST_BYTES", "MOST_LINES", "inspect_tree"]

MOST_LINES = 400
"""Lines of a Python file."""
MOST_BYTES = 500_000
"""Bytes of any file; Python files above it are left to ruff, whose parser keeps memory small."""

_BATCH_FILES = 200
_BATCH_CHARS = 60_000
_CHUNK_BYTES = 256 * 1024


def inspect_tree(tree: SourceTree, document: Path, tell: Callable[[int], None]) -> Inspection:
    """Inspect a tree and write every finding to ``document``.

    Args:
        tree: the files.
        document: the JSON file to write.
        tell: called with the number of files inspected since the last call.

    Raises:
        Conflict: ``tree_changed``. PylayerError: ``ruff_failed``.
    """
    with FindingsFile(document) as found:
        for batch in _batches(tree.files):
            found.add(_inspect_batch(tree, batch))
            tell(len(batch))
    return found.result()


def _batches(files: Sequence[SourceFile]) -> Iterator[list[SourceFile]]:
    batch: list[SourceFile] = []
    chars = 0
    for file in files:
        if batch and (len(batch) == _BATCH_FILES or chars + len(file.path) > _BATCH_CHARS):
            yield batch
            batch, chars = [], 0
        batch.append(file)
        chars += len(file.path)
    if batch:
        yield batch


def _inspect_batch(tree: SourceTree, batch: list[SourceFile]) -> list[Finding]:
    python = [file for file in batch if file.is_python]
    found = [finding for file in batch for finding in _check(tree, file)]
    broken = {finding.path for finding in found if finding.rule == UNPARSABLE}
    parsed = {file.label for file in python if file.size <= MOST_BYTES}
    for finding in lint(tree.root, [file.path for file in python if file.label not in broken]):
        if finding.rule != UNPARSABLE:
            found.append(finding)
        elif finding.path not in parsed | broken:  # of a large file, its first syntax error
            broken.add(finding.path)
            found.append(finding)
    order = {file.label: position for position, file in enumerate(batch)}
    return sorted(
        found, key=lambda f: (order.get(f.path, len(batch)), f.path, f.line, f.column, f.rule, f.message)
    )


def _check(tree: SourceTree, file: SourceFile) -> Iterator[Finding]:
    if not file.readable:
        yield _about(file, "access.unreadable", "unreadable-file", "medium", "no right to read it")
        return
    if file.size > MOST_BYTES:
        message = f"{file.size:,} bytes, more than {MOST_BYTES:,}"
        yield _about(file, "size.bytes", "large-file", "low", message)
    if not file.is_python:
        return
    lines = _count_lines(tree, file)
    if lines > MOST_LINES:
        yield _about(file, "size.lines", "long-file", "low", f"{lines:,} lines, more than {MOST_LINES}")
    if file.size <= MOST_BYTES and (problem := _syntax_problem(tree, file)):
        line, message = problem
        yield _about(file, UNPARSABLE, "unparsable-file", "high", message, line=line)


def _about(
    file: SourceFile, rule: str, title: str, severity: Severity, message: str, *, line: int = 0
) -> Finding:
    return Finding(file.label, line, 0, rule, title, severity, message)


def _count_lines(tree: SourceTree, file: SourceFile) -> int:
    lines, last = 0, b"\n"
    with open_source(tree, file) as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            lines += chunk.count(b"\n")
            last = chunk[-1:]
    return lines + (last != b"\n")


def _syntax_problem(tree: SourceTree, file: SourceFile) -> tuple[int, str] | None:
    with open_source(tree, file) as stream:
        source = stream.read(MOST_BYTES + 1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(source)
    except SyntaxError as error:
        return error.lineno or 0, plain(error.msg)
    except (ValueError, RecursionError, MemoryError) as error:  # NUL bytes; nested too deeply
        return 0, plain(str(error)) or "nested too deeply"
    return None
