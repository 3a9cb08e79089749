"""`client.tasks`: the calls of the task queue."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias
from uuid import UUID

from pydantic import ValidationError

from pylayer.calls import Namespace, Plan, R, Row, Runner, call, one, operation, rows, scalar
from pylayer.errors import InvalidInput
from pylayer.tasks.cron import next_time
from pylayer.tasks.models import (
    ClaimedTask,
    Completed,
    Completion,
    Enqueued,
    Failed,
    NewTask,
    Queue,
    Schedule,
    Swept,
    Task,
)

__all__ = ["Tasks", "encode"]

_WAKE_SECONDS = 0.05
_Listed: TypeAlias = "list[Task]"


def encode(value: Any) -> str:
    """Return a value as JSON.

    Raises:
        InvalidInput: JSON cannot hold it.
    """
    try:
        return json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidInput("not a value of JSON", reason="not_json", detail=str(error)[:300]) from error


def _as_task(task: NewTask | Mapping[str, Any]) -> NewTask:
    try:
        return task if isinstance(task, NewTask) else NewTask.model_validate(task)
    except ValidationError as error:
        raise InvalidInput(
            "a task is malformed", reason="invalid_task", detail=str(error.errors()[0]["loc"])[:300]
        ) from error


def _as_json(task: NewTask) -> dict[str, Any]:
    """Return what of a task is set, as the database takes it."""
    found = {name: getattr(task, name) for name in task.model_fields_set}
    if task.scheduled_at is not None:
        found["scheduled_at"] = task.scheduled_at.isoformat()
    return {name: value for name, value in found.items() if value is not None}


def _completed(found: Sequence[Row]) -> Completed:
    return Completed(
        refused={row["execution_id"]: row["outcome"] for row in found if row["outcome"] != "claimed"},
        claimed=[ClaimedTask.model_validate(row) for row in found if row["outcome"] == "claimed"],
    )


class Tasks(Namespace[R]):
    """The task queue: each task runs until it is completed once, whatever happens to workers."""

    def __init__(self, runner: Runner, *, wakes: bool = True) -> None:
        """Make the namespace.

        Args:
            runner: the client.
            wakes: whether to wake workers after enqueueing; not in a caller's transaction.
        """
        super().__init__(runner)
        self._wakes = wakes
        self._woken: dict[str, float] = {}

    def _wake(self, queues: Iterable[str]) -> Plan[None]:
        """Wake the workers of queues, each at most twenty times a second."""
        now = time.monotonic()
        for queue in set(queues):
            if self._wakes and now - self._woken.get(queue, 0.0) >= _WAKE_SECONDS:
                self._woken[queue] = now
                yield from call("work.notify_tasks", {"p_queue": queue}, lambda _: None)

    @operation
    def enqueue(
        self,
        task_name: str,
        input_data: Any = None,
        *,
        queue: str = "default",
        priority: int = 5,
        **more: Any,
    ) -> Plan[Enqueued]:
        """Enqueue one task.

        Args:
            task_name: name of its handler.
            input_data: what the handler is given; whatever JSON holds.
            queue: where to; made when it is not there.
            priority: 0 (first) to 9 (last).
            more: the other fields of `NewTask`.

        Raises:
            InvalidInput: malformed. TooLarge: over 1 MiB.

        Example:
            >>> client.tasks.enqueue("send_mail", {"to": "ops"}, unique_key="mail-1").created
            True
        """
        task = _as_task(
            {"task_name": task_name, "input_data": input_data, "queue": queue, "priority": priority, **more}
        )
        params = {f"p_{name}": value for name, value in task.model_dump().items()}
        for name in ("p_input_data", "p_metadata"):
            params[name] = None if params[name] is None else encode(params[name])
        keyed = task.unique_key is not None
        enqueued = yield from call("work.enqueue_task", params, one(Enqueued), repeatable=keyed)
        if task.delay_seconds is None and task.scheduled_at is None:
            yield from self._wake([queue])
        return enqueued

    @operation
    def enqueue_many(self, tasks: Iterable[NewTask | Mapping[str, Any]]) -> Plan[list[Enqueued]]:
        """Enqueue a batch of tasks in one call: all or none.

        Args:
            tasks: at most 10,000.

        Returns:
            One result a task, in input order.

        Raises:
            InvalidInput: one is malformed. TooLarge: too many, or one is over 1 MiB.
        """
        batch = [_as_task(task) for task in tasks]
        params = {"p_tasks": encode([_as_json(task) for task in batch])}
        keyed = all(task.unique_key is not None for task in batch)
        enqueued = yield from call("work.enqueue_tasks", params, rows(Enqueued), repeatable=keyed)
        yield from self._wake(task.queue for task in batch)
        return enqueued

    @operation
    def claim(
        self, worker: str, queues: Sequence[str] = ("default",), n: int = 1, *, lease_seconds: int = 60
    ) -> Plan[list[ClaimedTask]]:
        """Claim ready tasks, by priority, then in the order of the queues, then by age.

        Args:
            worker: name of the worker.
            queues: at most 100.
            n: most tasks, at most 1000.
            lease_seconds: how long they are held without a heartbeat, at most 3600.

        Raises:
            InvalidInput: malformed.
        """
        params = {"p_worker": worker, "p_queues": list(queues), "p_n": n, "p_lease_seconds": lease_seconds}
        return (yield from call("work.claim_tasks", params, rows(ClaimedTask)))

    @operation
    def complete(self, execution_id: str, lease: UUID, output_data: Any = None) -> Plan[None]:
        """Complete a task. Safe to repeat.

        Raises:
            Conflict: ``lease_lost`` or ``lease_expired``: another worker has it, or will. NotFound: no task.
            TooLarge: the output is over 1 MiB.
        """
        output = None if output_data is None else encode(output_data)
        params = {"p_execution_id": execution_id, "p_lease": lease, "p_output_data": output}
        yield from call("work.complete_task", params, lambda _: None, repeatable=True)

    @operation
    def complete_many(
        self,
        tasks: Iterable[Completion],
        worker: str | None = None,
        queues: Sequence[str] = ("default",),
        n: int = 0,
        *,
        lease_seconds: int = 60,
    ) -> Plan[Completed]:
        """Complete tasks, and claim others in the same transaction. Completing is safe to repeat.

        Args:
            tasks: at most 1000.
            worker, queues, n, lease_seconds: as `claim`; with ``n`` 0 none is claimed.

        Raises:
            InvalidInput: malformed. TooLarge: too many tasks, or an output over 1 MiB.
        """
        done = [
            {"execution_id": t.execution_id, "lease": str(t.lease), "output_data": t.output_data}
            for t in tasks
        ]
        params = {
            "p_tasks": encode(done),
            "p_worker": worker,
            "p_queues": list(queues),
            "p_n": n,
            "p_lease_seconds": lease_seconds,
        }
        return (yield from call("work.complete_tasks", params, _completed, repeatable=n == 0))

    @operation
    def fail(
        self,
        execution_id: str,
        lease: UUID,
        error: str,
        *,
        retry: bool = True,
        delay_seconds: float | None = None,
    ) -> Plan[Failed]:
        """End an attempt that failed: the task is tried again after a wait, or is a dead letter.

        Args:
            execution_id, lease: the task, and the token of its lease.
            error: why.
            retry: whether it may be tried again at all.
            delay_seconds: the wait; None is that of the queue, doubled with each attempt, with jitter.

        Raises:
            Conflict: ``lease_lost`` or ``lease_expired``. NotFound: no task.
        """
        params = {
            "p_execution_id": execution_id,
            "p_lease": lease,
            "p_error": error,
            "p_retry": retry,
            "p_delay_seconds": delay_seconds,
        }
        return (yield from call("work.fail_task", params, one(Failed), repeatable=True))

    @operation
    def heartbeat(self, execution_id: str, lease: UUID, *, lease_seconds: int = 60) -> Plan[Any]:
        """Extend the lease of a task, never beyond its ``timeout_seconds``; return until when it lasts.

        Raises:
            Conflict: ``lease_lost`` or ``lease_expired``: stop working on it. NotFound: no task.
        """
        params = {"p_execution_id": execution_id, "p_lease": lease, "p_lease_seconds": lease_seconds}
        return (yield from call("work.heartbeat", params, scalar, repeatable=True))

    @operation
    def get_by_id(self, execution_id: str) -> Plan[Task]:
        """Return a task.

        Raises:
            NotFound: there is none with this id.
        """
        params = {"p_execution_id": execution_id}
        return (yield from call("work.get_task", params, one(Task), repeatable=True))

    @operation
    def list(
        self,
        status: str | None = None,
        *,
        queue: str | None = None,
        task_name: str | None = None,
        run_id: str | None = None,
        limit: int = 100,
        after: str | None = None,
    ) -> Plan[_Listed]:
        """Return a page of tasks, newest first.

        Args:
            status, queue, task_name, run_id: equal to; None is any.
            limit: 1 to 1000.
            after: ``execution_id`` that ended the previous page.

        Raises:
            InvalidInput: a status or limit that is none.
        """
        params = {
            "p_status": status,
            "p_queue": queue,
            "p_task_name": task_name,
            "p_run_id": run_id,
            "p_limit": limit,
            "p_after": after,
        }
        return (yield from call("work.list_tasks", params, rows(Task), repeatable=True))

    @operation
    def requeue_dead(
        self, execution_ids: Sequence[str] | None = None, *, queue: str | None = None, limit: int = 1000
    ) -> Plan[Sequence[str]]:
        """Queue dead letters again, with all their retries before them (admin); return their ids.

        Args:
            execution_ids: which ones; None is any.
            queue: of which queue; None is any.
            limit: most tasks, at most 10,000.
        """
        ids = None if execution_ids is None else [*execution_ids]
        params = {"p_execution_ids": ids, "p_queue": queue, "p_limit": limit}
        found = yield from call(
            "work.requeue_dead", params, lambda found: [row["requeue_dead"] for row in found], repeatable=True
        )
        return found

    @operation
    def sweep(self, limit: int = 1000) -> Plan[Swept]:
        """Make tasks ready whose time has come, and end attempts whose lease has expired. Safe to repeat."""
        return (yield from call("work.sweep_tasks", {"p_limit": limit}, one(Swept), repeatable=True))

    @operation
    def purge(self, limit: int = 10000) -> Plan[int]:
        """Delete completed tasks that their queues keep no longer (admin); return how many."""
        return (yield from call("work.purge_tasks", {"p_limit": limit}, scalar, repeatable=True))

    @operation
    def queues(self) -> Plan[Sequence[Queue]]:
        """Return the queues and their settings, by name."""
        return (yield from call("work.list_queues", {}, rows(Queue), repeatable=True))

    @operation
    def set_queue(
        self,
        queue: str,
        *,
        events: str | None = None,
        key_limit: int | None = None,
        retry_base_seconds: float | None = None,
        retry_max_seconds: float | None = None,
        retention_days: int | None = None,
    ) -> Plan[Queue]:
        """Make a queue, or change those of its settings that are given (admin); see `Queue`.

        Raises:
            InvalidInput: a name or setting that is none.
        """
        params = {
            "p_queue": queue,
            "p_events": events,
            "p_key_limit": key_limit,
            "p_retry_base_seconds": retry_base_seconds,
            "p_retry_max_seconds": retry_max_seconds,
            "p_retention_days": retention_days,
        }
        return (yield from call("work.set_queue", params, one(Queue), repeatable=True))

    @operation
    def pause(self, queue: str, paused: bool = True) -> Plan[bool]:
        """Pause a queue, or with ``paused=False`` let it go on (admin); True when that changed it."""
        params = {"p_queue": queue, "p_paused": paused}
        return (yield from call("work.pause_queue", params, scalar, repeatable=True))

    @operation
    def schedules(self, due: bool = False) -> Plan[Sequence[Schedule]]:
        """Return the schedules by their next time; with ``due`` those whose time has come."""
        return (yield from call("work.list_schedules", {"p_due": due}, rows(Schedule), repeatable=True))

    @operation
    def set_schedule(
        self, schedule: str, cron: str, task: NewTask | Mapping[str, Any], *, timezone: str = "UTC"
    ) -> Plan[Schedule]:
        """Make or change a schedule (admin). Safe to repeat.

        Args:
            schedule: its name.
            cron: five fields, such as ``0 9 * * 1-5``.
            task: what it enqueues each time, without unique key and time.
            timezone: IANA name.

        Raises:
            InvalidInput: one of them is malformed.
        """
        params = {
            "p_schedule": schedule,
            "p_cron": cron,
            "p_task": encode(_as_json(_as_task(task))),
            "p_next_at": next_time(cron, timezone),
            "p_timezone": timezone,
        }
        return (yield from call("work.set_schedule", params, one(Schedule), repeatable=True))

    @operation
    def remove_schedule(self, schedule: str) -> Plan[bool]:
        """Remove a schedule (admin); True when there was one."""
        params = {"p_schedule": schedule}
        return (yield from call("work.remove_schedule", params, scalar, repeatable=True))

    @operation
    def fire_due(self) -> Plan[Sequence[str]]:
        """Enqueue the tasks of the schedules whose time has come; return their ids.

        Each time of a schedule gives one task, however many call this. Of the times that were missed, the
        first is made up for, the others are passed over.
        """
        fired: list[str] = []
        due = yield from call("work.list_schedules", {"p_due": True}, rows(Schedule), repeatable=True)
        for found in due:
            params = {
                "p_schedule": found.schedule,
                "p_due_at": found.next_at,
                "p_next_at": next_time(found.cron, found.timezone),
            }
            execution_id = yield from call("work.fire_schedule", params, scalar, repeatable=True)
            if execution_id is not None:
                fired.append(execution_id)
                yield from self._wake([found.task.get("queue", "default")])
        return fired
