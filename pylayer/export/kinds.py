"""What can be exported, and what its tables do not hold yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pylayer.errors import InvalidInput

__all__ = ["KINDS", "LATER", "Format", "Kind", "check_format", "kind_named"]

Format = Literal["csv", "jsonl", "parquet"]


@dataclass(frozen=True, slots=True)
class Kind:
    """A type of training data.

    Attributes:
        name: as in ``--type`` and in the names of files.
        function: the stored function that streams its rows.
        schema_version: grows when a column of the function changes.
        of_events: its rows are events: ``event_id`` comes first, they are in its order, and they end with
            retention. Others are documents, for JSON lines only.
    """

    name: str
    function: str
    schema_version: int
    of_events: bool = True


KINDS = {
    kind.name: kind
    for kind in (
        Kind("agent_events", "telemetry.training_agent_events", 1),
        Kind("workflow_data", "telemetry.training_workflow_data", 1),
        Kind("chat", "ai.training_chat", 1, of_events=False),
    )
}
LATER = {
    "agent_tasks": "work.task_executions",
    "tool_executions": "work.execution_traces",
}
"""Types whose tables this version does not have, and those tables."""


def kind_named(name: str) -> Kind:
    """Return the type of a name.

    Raises:
        InvalidInput: ``not_available_yet`` or ``unknown_type``.
    """
    if kind := KINDS.get(name):
        return kind
    hint = f"available: {', '.join(KINDS)}"
    if tables := LATER.get(name):
        raise InvalidInput(
            f"this version can't export {name} yet",
            reason="not_available_yet",
            detail=f"its tables come with a later version: {tables}",
            hint=hint,
        )
    raise InvalidInput(
        "there is no such type of training data", reason="unknown_type", detail=name, hint=hint
    )


def check_format(kind: Kind, file_format: Format) -> None:
    """Refuse a format that can't hold a type.

    Raises:
        InvalidInput: ``jsonl_only``.
    """
    if file_format != "jsonl" and not kind.of_events:
        raise InvalidInput(
            f"{kind.name} is written as JSON lines only",
            reason="jsonl_only",
            detail=file_format,
            hint="leave the format out, or give jsonl",
        )
