"""What can be exported."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pylayer.errors import InvalidInput

__all__ = ["KINDS", "Format", "Kind", "check_format", "kind_named"]

Format = Literal["csv", "jsonl", "parquet"]


@dataclass(frozen=True, slots=True)
class Kind:
    """A type of training data.

    Attributes:
        name: as in ``--type`` and in the names of files.
        function: the stored function that streams its rows.
        schema_version: grows when a column of the function changes.
        source: ``events``, cut at a horizon and dropped by months; ``conversations``, cut at a horizon, for
            JSON lines only; ``records``, which are written once and cut by time: for days that are over.
        id_column: the first column, a ULID in whose order the rows are; None for others.
        kept_from: the stored function that says since when all records are there.
    """

    name: str
    function: str
    schema_version: int
    source: Literal["events", "conversations", "records"]
    id_column: str | None = None
    kept_from: str | None = None


KINDS = {
    kind.name: kind
    for kind in (
        Kind("agent_events", "telemetry.training_agent_events", 1, "events", "event_id"),
        Kind("workflow_data", "telemetry.training_workflow_data", 1, "events", "event_id"),
        Kind(
            "agent_tasks",
            "work.training_agent_tasks",
            1,
            "records",
            "execution_id",
            kept_from="work.tasks_kept_from",
        ),
        Kind(
            "tool_executions",
            "work.training_tool_executions",
            1,
            "records",
            kept_from="work.runs_kept_from",
        ),
        Kind("chat", "ai.training_chat", 1, "conversations"),
    )
}


def kind_named(name: str) -> Kind:
    """Return the type of a name.

    Raises:
        InvalidInput: ``unknown_type``.
    """
    if kind := KINDS.get(name):
        return kind
    raise InvalidInput(
        "there is no such type of training data",
        reason="unknown_type",
        detail=name,
        hint=f"available: {', '.join(KINDS)}",
    )


def check_format(kind: Kind, file_format: Format) -> None:
    """Refuse a format that can't hold a type.

    Raises:
        InvalidInput: ``jsonl_only``.
    """
    if file_format != "jsonl" and kind.source == "conversations":
        raise InvalidInput(
            f"{kind.name} is written as JSON lines only",
            reason="jsonl_only",
            detail=file_format,
            hint="leave the format out, or give jsonl",
        )
