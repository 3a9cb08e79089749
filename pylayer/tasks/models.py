"""What goes in and out of `client.tasks`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict

__all__ = [
    "ClaimedTask",
    "Completed",
    "Completion",
    "Enqueued",
    "Failed",
    "NewTask",
    "Queue",
    "Schedule",
    "Swept",
    "Task",
]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True)


class NewTask(BaseModel):
    """A task to enqueue.

    Attributes:
        task_name: name of its handler.
        input_data: what the handler is given; whatever JSON holds.
        queue: a lower-case letter, then up to 62 of a-z, 0-9, _, . and -.
        priority: 0 (first) to 9 (last).
        delay_seconds: how long it waits; or
        scheduled_at: when it may run at the earliest.
        unique_key: no two tasks of a queue have the same, for as long as they are kept.
        concurrency_key: of the queue's tasks with the same, ``key_limit`` run at once.
        max_retries: how often it may be tried again.
        timeout_seconds: longest time that one attempt may take.
        task_type, run_id, workflow_name, agent_id, project_id: what it belongs to.
        metadata: whatever nobody queries yet.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    task_name: str
    input_data: Any = None
    queue: str = "default"
    priority: int = 5
    delay_seconds: float | None = None
    scheduled_at: datetime | None = None
    unique_key: str | None = None
    concurrency_key: str | None = None
    max_retries: int = 3
    timeout_seconds: int = 300
    task_type: str | None = None
    run_id: str | None = None
    workflow_name: str | None = None
    agent_id: str | None = None
    project_id: str | None = None
    metadata: dict[str, Any] | None = None


class Enqueued(_Model):
    """What became of a task that was enqueued.

    Attributes:
        execution_id: its ULID.
        created: False when there was one with its unique key: this one.
    """

    execution_id: str
    created: bool


class ClaimedTask(_Model):
    """A task that a worker holds.

    Attributes:
        execution_id: ULID.
        lease: token to show when it is finished.
        lease_expires_at: until when it is held, without a heartbeat.
        retry_count: how often it was tried before.
        others: as `NewTask`.
    """

    execution_id: str
    lease: UUID
    lease_expires_at: datetime
    queue: str
    task_name: str
    task_type: str | None
    priority: int
    retry_count: int
    max_retries: int
    timeout_seconds: int
    input_data: Any
    run_id: str | None
    workflow_name: str | None
    agent_id: str | None
    project_id: str | None
    metadata: dict[str, Any] | None
    scheduled_at: datetime
    started_at: datetime


@dataclass(frozen=True, slots=True)
class Completion:
    """A task to complete.

    Attributes:
        execution_id: its id.
        lease: the token of its lease.
        output_data: what its handler returned; whatever JSON holds.
    """

    execution_id: str
    lease: UUID
    output_data: Any = None


class Completed(_Model):
    """What became of a batch of completions.

    Attributes:
        refused: why the others are not completed, by id: ``lease_lost``, ``lease_expired`` or ``no_task``.
        claimed: the tasks that were claimed in the same transaction.
    """

    refused: dict[str, str]
    claimed: list[ClaimedTask]


class Failed(_Model):
    """What became of a task whose attempt failed.

    Attributes:
        status: ``scheduled``, or ``failed`` for a dead letter.
        scheduled_at: when it is tried again; None when it is not.
    """

    status: str
    scheduled_at: datetime | None


class Swept(_Model):
    """What time has done to tasks.

    Attributes:
        due: how many became ready; None when another session was at it.
        expired: how many leases had expired.
    """

    due: int | None
    expired: int | None


class Task(_Model):
    """A task, without the token of its lease.

    Attributes:
        status: ``scheduled``, ``blocked``, ``ready``, ``running``, ``completed`` or ``failed``.
        retry_count: how often it was tried again.
        output_data: what its handler returned.
        error: why its last attempt failed.
        worker: who holds it, or held it last.
        execution_time_ms: how long its last attempt took.
        others: as `NewTask`.
    """

    execution_id: str
    queue: str
    task_name: str
    task_type: str | None
    status: str
    priority: int
    retry_count: int
    max_retries: int
    timeout_seconds: int
    input_data: Any
    output_data: Any
    error: str | None
    unique_key: str | None
    concurrency_key: str | None
    run_id: str | None
    workflow_name: str | None
    agent_id: str | None
    project_id: str | None
    worker: str | None
    metadata: dict[str, Any] | None
    created_at: datetime
    scheduled_at: datetime
    started_at: datetime | None
    lease_expires_at: datetime | None
    finished_at: datetime | None
    execution_time_ms: int | None


class Queue(_Model):
    """A queue and how it treats its tasks.

    Attributes:
        queue: its name.
        paused_at: since when it hands out none; None is not.
        events: which changes of state become events: ``terminal``, ``all`` or ``none``.
        key_limit: most tasks of one concurrency key at once.
        retry_base_seconds: wait after a first failure, doubled after each further one.
        retry_max_seconds: longest wait, before jitter.
        retention_days: how long completed tasks are kept.
        created_at: when it was made.
        updated_at: when its settings last changed.
    """

    queue: str
    paused_at: datetime | None
    events: str
    key_limit: int
    retry_base_seconds: float
    retry_max_seconds: float
    retention_days: int
    created_at: datetime
    updated_at: datetime


class Schedule(_Model):
    """A schedule.

    Attributes:
        schedule: its name.
        cron: its times, five fields.
        timezone: IANA name.
        task: what it enqueues, as `NewTask`.
        next_at: its next time.
        last_at: the time for which it last enqueued a task.
        created_at: when it was made.
        updated_at: when it was last set.
    """

    schedule: str
    cron: str
    timezone: str
    task: dict[str, Any]
    next_at: datetime
    last_at: datetime | None
    created_at: datetime
    updated_at: datetime
