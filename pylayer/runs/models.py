"""What goes in and out of `client.workflows` and `client.executions`."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

__all__ = ["AttemptSpan", "Execution", "SentSignal", "Span", "Step", "StoredSpan", "WorkflowVersion"]

RunStatus = Literal["pending", "running", "waiting", "completed", "failed", "cancelled"]
StepStatus = Literal["running", "waiting", "completed", "failed"]
WorkflowStatus = Literal["draft", "active", "deprecated"]


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True)


class WorkflowVersion(_Row):
    """A registered version of a workflow.

    Attributes:
        workflow_id: its name.
        version: semantic version, such as ``1.2.0``.
        name: title for people.
        description: what it does.
        status: ``draft``, ``active`` or ``deprecated``.
        steps: objects with ``name`` and, where a step has some, ``depends_on``.
        project_id: the project that it belongs to.
        metadata: what nobody queries.
        tags: what it is tagged with.
        used_at: when the first run used it, since when its definition stands.
        created_at: when it was registered.
        updated_at: when it was changed last.
        created: whether this call registered it.
    """

    workflow_id: str
    version: str
    name: str | None
    description: str | None
    status: WorkflowStatus
    steps: list[dict[str, Any]]
    project_id: str | None
    metadata: dict[str, Any] | None
    tags: Any
    used_at: datetime | None
    created_at: datetime
    updated_at: datetime
    created: bool


class Execution(_Row):
    """A run of a workflow.

    Attributes:
        run_id: its key.
        workflow_id: the workflow that it runs.
        version: the registered version that it runs; None is none.
        parent_run_id: the run that started it.
        status: ``pending``, ``running``, ``waiting``, ``completed``, ``failed`` or ``cancelled``.
        reason: why it has this status, when somebody said so.
        actor: who gave it this status.
        current_step: the step that was begun or recorded last.
        total_steps: steps of the registered definition; None when there is none.
        completed_steps: steps recorded complete.
        state_data: what the workflow keeps beside the results of its steps.
        inputs: what it was started with.
        outputs: its result.
        error: why it failed, for people.
        error_count: failures of its steps and of itself.
        attempt: how often it was claimed; steps name it.
        worker: who claimed it last; None while it waits.
        waiting_for: the event that it waits for; ``run`` and the id of a child that it waits for.
        due_at: from when on it may be claimed; None: never by the clock.
        deadline: when it fails if it has not ended.
        assigned_agents: agents that work on it.
        project_id: the project that it belongs to.
        metadata: what nobody queries.
        tags: what it is tagged with.
        created_at: when it was started.
        updated_at: when it was changed last.
        started_at: when it was first claimed.
        completed_at: when it completed, failed or was cancelled.
        created: whether this call started it.
    """

    run_id: str
    workflow_id: str
    version: str | None
    parent_run_id: str | None
    status: RunStatus
    reason: str | None
    actor: str | None
    current_step: str | None
    total_steps: int | None
    completed_steps: int
    state_data: Any
    inputs: Any
    outputs: Any
    error: str | None
    error_count: int
    attempt: int
    worker: str | None
    waiting_for: str | None
    due_at: datetime | None
    deadline: datetime | None
    assigned_agents: tuple[str, ...] | None
    project_id: str | None
    metadata: dict[str, Any] | None
    tags: Any
    created_at: datetime
    updated_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    created: bool

    @property
    def has_ended(self) -> bool:
        """Whether it has completed, failed or was cancelled."""
        return self.completed_at is not None


class Step(_Row):
    """A step of a run.

    Attributes:
        run_id: the run.
        step_name: its name, once in a run.
        status: ``running``, ``waiting``, ``completed`` or ``failed``.
        attempt: the attempt of the run that changed it last.
        tries: how often it was tried.
        output: its result, or what the event brought.
        error: why its last try failed.
        duration_ms: duration of its last try, milliseconds.
        wakes_at: when its wait ends by the clock.
        started_at: when its last try began.
        completed_at: when it was recorded complete.
    """

    run_id: str
    step_name: str
    status: StepStatus
    attempt: int
    tries: int
    output: Any
    error: str | None
    duration_ms: int | None
    wakes_at: datetime | None
    started_at: datetime
    completed_at: datetime | None


class SentSignal(_Row):
    """An event that was sent to a run.

    Attributes:
        signal_id: its ULID.
        created: False when it was sent before.
    """

    signal_id: str
    created: bool


class Span(_Row):
    """A call of a model, a tool, retrieval or an agent.

    Attributes:
        span_id: its id, once in a run.
        name: what was called.
        kind: ``llm``, ``tool``, ``retrieval`` or ``agent``.
        started_at: when it began.
        ended_at: when it ended.
        parent_span_id: the span around it.
        step_name: the step that it belongs to.
        status: ``ok`` or ``error``.
        error: why it failed.
        input_ref: where its input stands, such as an artifact.
        output_ref: where its output stands.
        model: the model of an ``llm`` span.
        input_tokens: input tokens, the cached ones included.
        cached_input_tokens: input tokens read from a cache.
        output_tokens: output tokens.
        cost_usd: its cost, USD.
        metadata: what nobody queries.
    """

    span_id: str
    name: str
    kind: Literal["llm", "tool", "retrieval", "agent"]
    started_at: datetime
    ended_at: datetime
    parent_span_id: str | None = None
    step_name: str | None = None
    status: Literal["ok", "error"] = "ok"
    error: str | None = None
    input_ref: str | None = None
    output_ref: str | None = None
    model: str | None = None
    input_tokens: int | None = None
    cached_input_tokens: int | None = None
    output_tokens: int | None = None
    cost_usd: Decimal | None = None
    metadata: dict[str, Any] | None = None


class AttemptSpan(Span):
    """An attempt of a step of a run that something else drives.

    Attributes:
        outcome: ``completed``, ``failed``, or ``waiting`` for a step that goes on when the run is resumed.
    """

    outcome: Literal["completed", "failed", "waiting"]


class StoredSpan(Span):
    """A span as it was stored.

    Attributes:
        run_id: the run.
        recorded_at: when it was stored.
    """

    run_id: str
    recorded_at: datetime
