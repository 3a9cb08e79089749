"""Results: a table at the terminal, JSON and Markdown under bench/results."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from rich.console import Console
from rich.table import Table

__all__ = ["RESULTS", "Result", "save", "show"]

RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True, slots=True)
class Result:
    """One measured value beside what it is compared with.

    Attributes:
        name: what was measured.
        value: its median.
        unit: of ``value`` and ``reference``.
        repetitions: how many times it was measured.
        noise: half of the range between the quartiles, as a share of the median.
        compared_with: the limit or the peer, measured in the same run.
        reference: its median.
        ratio: the speed of ``value`` over that of the reference, or, for ``at most``, its cost over that: of
            the medians, or where turns are short the median over the turns (`Timing.beside`).
        target: what the ratio has to reach; None where there is none.
        relation: whether the ratio has to be at least or at most the target.
    """

    name: str
    value: float
    unit: str
    repetitions: int
    noise: float
    compared_with: str | None = None
    reference: float | None = None
    ratio: float | None = None
    target: float | None = None
    relation: Literal["at least", "at most"] = "at least"

    @property
    def verdict(self) -> str:
        """``met``, ``missed``, or empty where there is no target."""
        if self.ratio is None or self.target is None:
            return ""
        met = self.ratio >= self.target if self.relation == "at least" else self.ratio <= self.target
        return "met" if met else "missed"


_HEADINGS = ("measured", "median", "unit", "noise", "n", "beside", "its median", "ratio", "target", "")


def _cells(result: Result) -> tuple[str, ...]:
    target = "" if result.target is None else f"{result.relation} {result.target}"
    return (
        result.name,
        _number(result.value),
        result.unit,
        f"±{result.noise:.0%}",
        str(result.repetitions),
        result.compared_with or "",
        _number(result.reference),
        "" if result.ratio is None else f"{result.ratio:.2f}",
        target,
        result.verdict,
    )


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def show(subject: str, results: Sequence[Result], console: Console) -> None:
    """Print the results as a table, one line for what was measured and one for what it is beside."""
    table = Table(title=subject, show_lines=True)
    table.add_column("measured, beside")
    for heading in ("median", "ratio", "target", ""):
        table.add_column(heading, justify="right", no_wrap=True)
    for result in results:
        name, value, unit, noise, _, beside, reference, ratio, target, verdict = _cells(result)
        table.add_row(
            f"{name}\n{beside}", f"{value} {unit} {noise}\n{reference} {unit}", ratio, target, verdict
        )
    console.print(table)


def save(subject: str, results: Sequence[Result], environment: dict[str, Any]) -> Path:
    """Write ``<date>-<subject>.json`` and a readable ``.md`` beside it; return the path of the first."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{datetime.now(UTC):%Y-%m-%d}-{subject}.json"
    document = {
        "subject": subject,
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "environment": environment,
        "results": [asdict(result) | {"verdict": result.verdict} for result in results],
    }
    path.write_text(json.dumps(document, indent=2) + "\n")
    path.with_suffix(".md").write_text(_markdown(subject, results, environment))
    return path


def _markdown(subject: str, results: Sequence[Result], environment: dict[str, Any]) -> str:
    lines = [f"# {subject}, {datetime.now(UTC):%Y-%m-%d}", ""]
    lines += [f"- {name}: {value}" for name, value in environment.items()]
    lines += ["", _row(_HEADINGS), _row(["---"] * len(_HEADINGS))]
    lines += [_row(_cells(result)) for result in results]
    return "\n".join(lines) + "\n"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
