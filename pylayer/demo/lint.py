"""Ruff's findings on Python files."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, TypeAdapter

from pylayer.demo.findings import Finding, Severity
from pylayer.demo.text import plain
from pylayer.errors import PylayerError

__all__ = ["UNPARSABLE", "lint"]

UNPARSABLE = "syntax.unparsable"

_SELECTED = "E4,E7,E9,F,B,C90,PLE,S"
_IGNORED = "S101,S311,S603,S607"  # right in most trees: asserts, random, programs found on PATH
_MESSAGE_CHARS = 300
_SYNTAX_CODES = {None, "invalid-syntax", "E902", "E999"}
_SEVERITIES: tuple[tuple[str, Severity], ...] = (
    ("S102", "high"),
    ("S307", "high"),
    ("S602", "high"),
    ("S605", "high"),
    ("F82", "high"),
    ("PLE", "high"),
    ("F401", "low"),
    ("F841", "low"),
    ("S110", "low"),
    ("S", "medium"),
    ("F", "medium"),
    ("B", "medium"),
    ("C90", "low"),
    ("E", "low"),
)


class _Location(BaseModel):
    row: int
    column: int


class _Diagnostic(BaseModel):
    code: str | None
    name: str | None = None
    filename: str
    location: _Location
    message: str


_diagnostics = TypeAdapter(list[_Diagnostic])


def lint(root: Path, paths: Sequence[str]) -> list[Finding]:
    """Return ruff's findings, whatever configuration the tree or the user has.

    Args:
        root: the tree's folder, resolved.
        paths: Python files in it, few enough for a command line.

    Raises:
        PylayerError: ``ruff_failed``, ruff itself ended with an error.
    """
    if not paths:
        return []
    done = _run_ruff(root, paths)
    if done.returncode < 0:  # ended by a signal: a file nests so deeply that its stack overflows
        if len(paths) == 1:
            return [_unparsable(paths[0])]
        half = len(paths) // 2
        return lint(root, paths[:half]) + lint(root, paths[half:])
    try:
        if done.returncode != 0:
            raise ValueError(done.stderr.decode(errors="replace")[-500:])
        found = _diagnostics.validate_json(done.stdout)
    except ValueError as error:
        raise PylayerError("ruff failed", reason="ruff_failed", detail=plain(str(error))) from error
    return [_finding(diagnostic, f"{root}{os.sep}") for diagnostic in found]


def _run_ruff(root: Path, paths: Sequence[str]) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-P", "-m", "ruff", "check", "--isolated", "--no-cache", "--quiet"]
    command += ["--output-format", "json", "--exit-zero", "--target-version", "py311"]
    command += ["--select", _SELECTED, "--ignore", _IGNORED, "--", *paths]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RUFF_")}
    return subprocess.run(
        command, cwd=root, env=environment, stdin=subprocess.DEVNULL, capture_output=True, check=False
    )


def _unparsable(path: str) -> Finding:
    return Finding(plain(path), 0, 0, UNPARSABLE, "unparsable-file", "high", "nested too deeply")


def _finding(diagnostic: _Diagnostic, prefix: str) -> Finding:
    code = diagnostic.code or "invalid-syntax"
    unparsable = diagnostic.code in _SYNTAX_CODES
    return Finding(
        path=plain(diagnostic.filename.removeprefix(prefix)),
        line=diagnostic.location.row,
        column=diagnostic.location.column,
        rule=UNPARSABLE if unparsable else f"lint.{code}",
        title="unparsable-file" if unparsable else diagnostic.name or code,
        severity="high" if unparsable else _severity(code),
        message=plain(diagnostic.message)[:_MESSAGE_CHARS],
    )


def _severity(code: str) -> Severity:
    for prefix, severity in _SEVERITIES:
        if code.startswith(prefix):
            return severity
    return "info"
