"""The readable end of a run: steps, findings, artifacts, and where to look further."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.filesize import decimal
from rich.table import Table
from rich.text import Text

from pylayer.demo.audit import AuditSummary
from pylayer.demo.findings import Severity
from pylayer.demo.text import plain, plural
from pylayer.embedded.binaries import postgres_folder
from pylayer.errors import Unavailable

__all__ = ["print_summary", "queries"]

_COLOURS: dict[Severity, str] = {
    "critical": "bold red",
    "high": "red",
    "medium": "yellow",
    "low": "cyan",
    "info": "dim",
}
_STATUS_COLOURS = {"succeeded": "green", "skipped": "yellow", "failed": "red"}
_BAR_WIDTH = 30
_RULES = 10


def print_summary(
    summary: AuditSummary, console: Console, *, env_command: str | None, program: str = "pylayer"
) -> None:
    """Print the summary of a run.

    Args:
        summary: the run.
        console: where to.
        env_command: the shell command that sets the variables of the embedded stack, None where they are set.
        program: how this shell calls ``pylayer``.
    """
    _print_head(summary, console)
    _print_steps(summary, console)
    _print_findings(summary, console)
    _print_artifacts(summary, console)
    _print_queries(summary, console, env_command, program)


def _print_head(summary: AuditSummary, console: Console) -> None:
    size = f"{plural(summary.files, 'file')}, {decimal(summary.size_bytes)}"
    console.print(Text.assemble(("Source audit ", "bold"), (summary.path, "bold cyan"), f"  {size}"))
    console.print(Text(f"run   {summary.run_id}\nitem  {summary.item_id}", "dim"))


def _heading(console: Console, title: str) -> None:
    console.print()
    console.print(Text(title, "bold"))


def _table(*columns: str, right: tuple[str, ...] = ()) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for column in columns:
        justify = "right" if column in right else "left"
        table.add_column(column, justify=justify, no_wrap=column != columns[-1])
    return table


def _cut(text: str) -> Text:
    """Return text that gives way: in the last column of a table it ends with an ellipsis."""
    return Text(text, no_wrap=True, overflow="ellipsis")


def _print_steps(summary: AuditSummary, console: Console) -> None:
    _heading(console, "Steps")
    table = _table("step", "status", "time", "result", right=("time",))
    for step in summary.steps:
        tries = f", try {step.retry_count + 1}" if step.retry_count else ""
        status = Text(step.status + tries, _STATUS_COLOURS[step.status])
        table.add_row(step.name, status, _duration(step.duration_ms), _cut(plain(step.error or step.note)))
    console.print(table)


def _duration(milliseconds: float) -> str:
    return f"{milliseconds / 1000:.1f} s" if milliseconds >= 10_000 else f"{milliseconds:,.0f} ms"


def _print_findings(summary: AuditSummary, console: Console) -> None:
    _heading(console, "Findings")
    if not summary.findings:
        console.print(Text("none", "green"))
        return
    most = max(summary.by_severity.values())
    table = _table("severity", "count", "", right=("count",))
    table.show_header = False
    for severity, count in summary.by_severity.items():
        bar = "█" * max(1, round(_BAR_WIDTH * count / most))
        table.add_row(Text(severity, _COLOURS[severity]), f"{count:,}", Text(bar, _COLOURS[severity]))
    console.print(table)
    console.print()
    _print_rules(summary, console)


def _print_rules(summary: AuditSummary, console: Console) -> None:
    table = _table("rule", "count", "files", "first", right=("count", "files"))
    for group in summary.groups[:_RULES]:
        rule = Text(group.gap_type, _COLOURS[group.severity])
        table.add_row(rule, f"{group.count:,}", f"{group.files:,}", _cut(group.example))
    console.print(table)
    if len(summary.groups) > _RULES:
        more = plural(len(summary.groups) - _RULES, "more rule")
        console.print(Text(f"{more} in the report", "dim"))


def _print_artifacts(summary: AuditSummary, console: Console) -> None:
    _heading(console, "Artifacts")
    right = ("version", "size")
    table = _table("type", "version", "", "size", "stored in", "sha256", "hash", right=right)
    for artifact in summary.artifacts:
        table.add_row(
            artifact.type,
            str(artifact.version),
            Text("new", "green") if artifact.created else Text("unchanged", "dim"),
            decimal(artifact.size_bytes),
            "Postgres" if artifact.storage_backend == "inline" else "S3",
            Text(artifact.content_hash[:12], "dim"),
            Text("verified", "green") if artifact.verified else Text("deleted", "yellow"),
        )
    console.print(table)


def _print_queries(summary: AuditSummary, console: Console, env_command: str | None, program: str) -> None:
    _heading(console, "Look further")
    report = next(artifact for artifact in summary.artifacts if artifact.type == "audit_report")
    read = f"{program} artifact get {report.artifact_id}"
    for line in (*_preparation(env_command), read, *queries(summary)):
        command, _, arguments = line.partition(" ")
        console.print(Text.assemble((command, "cyan"), f" {arguments}"), soft_wrap=True)


def _preparation(env_command: str | None) -> Iterator[str]:
    if env_command is not None:
        yield env_command
    if shutil.which("psql") is None and (program := _embedded_psql()):
        yield f"alias psql={shlex.quote(str(program))}"


def _embedded_psql() -> Path | None:
    try:
        program = postgres_folder() / "bin" / "psql"
    except Unavailable:
        return None
    return program if program.is_file() else None


def queries(summary: AuditSummary) -> tuple[str, str, str]:
    """Return three lines for a shell with ``DATABASE_URL`` set: the run's events, gaps and artifacts."""
    events = f"from telemetry.workflow_events where run_id = '{summary.run_id}'"
    gaps = "select payload->>'gap_type' as gap, payload->>'severity' as severity, payload->>'count' as count"
    kinds = "select type, version, size_bytes, storage_backend"
    return (
        _psql(f"select ts, event_name, payload {events} order by ts"),
        _psql(f"{gaps} {events} and event_name = 'workflow.gap_found' order by event_id"),
        _psql(
            f"{kinds} from work.artifacts join work.artifact_versions using (artifact_id) "
            f"join work.artifact_links using (artifact_id, version) where run_id = '{summary.run_id}'"
        ),
    )


def _psql(statement: str) -> str:
    return f'psql "$DATABASE_URL" -c "{statement}"'
