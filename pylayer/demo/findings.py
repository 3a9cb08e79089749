"""What an inspection finds, in groups, and the JSON file with all of it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Literal, Self, TypeAlias

from pydantic import BaseModel, ConfigDict

__all__ = ["SEVERITIES", "Finding", "FindingGroup", "FindingsFile", "Inspection", "Severity"]

Severity: TypeAlias = Literal["critical", "high", "medium", "low", "info"]
SEVERITIES: tuple[Severity, ...] = ("critical", "high", "medium", "low", "info")

_LISTED = 200


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding.

    Attributes:
        path: the file, as text fit to be stored.
        line: from 1; 0 says the whole file.
        column: from 1; 0 says the whole line.
        rule: ``lint.F401``, ``size.lines``, ...
        title: the rule's name.
        severity: how much it matters.
        message: what is wrong here.
    """

    path: str
    line: int
    column: int
    rule: str
    title: str
    severity: Severity
    message: str

    @property
    def place(self) -> str:
        """Path and line."""
        return f"{self.path}:{self.line}" if self.line else self.path


class FindingGroup(BaseModel):
    """All findings of one rule.

    Attributes:
        gap_type: the rule.
        title: the rule's name.
        severity: how much it matters.
        count: number of findings.
        files: number of files that have one.
        example: the first, with its place.
    """

    model_config = ConfigDict(frozen=True)

    gap_type: str
    title: str
    severity: Severity
    count: int
    files: int
    example: str


@dataclass(frozen=True, slots=True)
class Inspection:
    """The outcome of inspecting a tree.

    Attributes:
        document: the JSON file with every finding.
        groups: the findings by rule, the worst first.
        worst: the findings that a report lists.
    """

    document: Path
    groups: tuple[FindingGroup, ...]
    worst: tuple[Finding, ...]

    @property
    def count(self) -> int:
        """Number of findings."""
        return sum(group.count for group in self.groups)

    @property
    def by_severity(self) -> dict[Severity, int]:
        """Number of findings of each severity that occurs, the worst first."""
        counts: dict[Severity, int] = {
            s: sum(g.count for g in self.groups if g.severity == s) for s in SEVERITIES
        }
        return {severity: count for severity, count in counts.items() if count}


def _rank(finding: Finding) -> tuple[int, str, int, int, str]:
    return SEVERITIES.index(finding.severity), finding.path, finding.line, finding.column, finding.rule


class FindingsFile:
    """Writes findings to a JSON file as they come, file by file, and keeps only the groups and the worst.

    The same findings give the same bytes.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("w", encoding="utf-8", newline="\n")
        self._groups: dict[str, FindingGroup] = {}
        self._last_path: dict[str, str] = {}
        self._worst: list[Finding] = []
        self._separator = "\n"

    def __enter__(self) -> Self:
        self._file.write('{"findings": [')
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._file:
            if error is None:
                self._file.write("\n]}\n")

    def add(self, findings: Iterable[Finding]) -> None:
        """Add the findings of one or more files; a file's findings must come in one call."""
        for finding in findings:
            self._file.write(f"{self._separator}{json.dumps(asdict(finding), ensure_ascii=False)}")
            self._separator = ",\n"
            self._count(finding)
            self._worst.append(finding)
            if len(self._worst) > 4 * _LISTED:
                self._worst = sorted(self._worst, key=_rank)[:_LISTED]

    def _count(self, finding: Finding) -> None:
        group = self._groups.get(finding.rule)
        is_new_file = self._last_path.get(finding.rule) != finding.path
        self._last_path[finding.rule] = finding.path
        if group is None:
            example = f"{finding.place}: {finding.message}"
            self._groups[finding.rule] = FindingGroup(
                gap_type=finding.rule,
                title=finding.title,
                severity=finding.severity,
                count=1,
                files=1,
                example=example,
            )
        else:
            grown = {"count": group.count + 1, "files": group.files + is_new_file}
            self._groups[finding.rule] = group.model_copy(update=grown)

    def result(self) -> Inspection:
        """Return the groups, after the file was closed."""
        groups = sorted(
            self._groups.values(), key=lambda g: (SEVERITIES.index(g.severity), -g.count, g.gap_type)
        )
        return Inspection(self._path, tuple(groups), tuple(sorted(self._worst, key=_rank)[:_LISTED]))
