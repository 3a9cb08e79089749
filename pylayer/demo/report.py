"""Reporting: the audit as Markdown. The same tree gives the same bytes, so nothing here knows time or run."""

from __future__ import annotations

import heapq
from collections.abc import Iterator

from rich.filesize import decimal

from pylayer.demo.findings import Inspection
from pylayer.demo.text import code, plural
from pylayer.demo.tree import SourceTree

__all__ = ["render_report"]

_LARGEST = 10


def render_report(tree: SourceTree, inspection: Inspection) -> str:
    """Return the report of a tree, at most a few hundred lines however large it is."""
    return "\n".join([*_head(tree, inspection), *_findings(inspection), *_largest(tree)]) + "\n"


def _head(tree: SourceTree, inspection: Inspection) -> Iterator[str]:
    python = sum(file.is_python for file in tree.files)
    yield f"# Source audit: {code(tree.name)}"
    yield ""
    yield f"- {plural(len(tree.files), 'file')}, {decimal(tree.size_bytes)}, of them {python:,} Python"
    yield f"- {plural(inspection.count, 'finding')} by {plural(len(inspection.groups), 'rule')}"
    yield ""


def _findings(inspection: Inspection) -> Iterator[str]:
    if not inspection.count:
        yield from ("No findings.", "")
        return
    yield from ("## By severity", "", "| severity | findings |", "|---|---:|")
    yield from (f"| {severity} | {count:,} |" for severity, count in inspection.by_severity.items())
    yield from (
        "",
        "## By rule",
        "",
        "| rule | severity | findings | files | what |",
        "|---|---|---:|---:|---|",
    )
    for group in inspection.groups:
        yield f"| {group.gap_type} | {group.severity} | {group.count:,} | {group.files:,} | {group.title} |"
    yield from ("", "## Findings", "")
    for finding in inspection.worst:
        yield f"- **{finding.severity}** {code(finding.place)} {finding.rule}: {code(finding.message)}"
    if left := inspection.count - len(inspection.worst):
        yield from ("", f"{left:,} more are in the artifact of type `audit_findings`.")
    yield ""


def _largest(tree: SourceTree) -> Iterator[str]:
    largest = heapq.nsmallest(_LARGEST, tree.files, key=lambda file: (-file.size, file.sort_key))
    if largest:
        yield from ("## Largest files", "", "| file | bytes |", "|---|---:|")
        yield from (f"| {code(file.label)} | {file.size:,} |" for file in largest)
