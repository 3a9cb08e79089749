"""The queues that are compared: ours, a bare table with SKIP LOCKED, and procrastinate's."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Protocol

from procrastinate.schema import SchemaManager
from psycopg import Connection

__all__ = ["BareQueue", "ProcrastinateQueue", "PylayerQueue", "TaskQueue"]

_INPUT = {"document": "01ARZ3NDEKTSV4RRFFQ69G5FAV", "attempt": 1}


class TaskQueue(Protocol):
    """A queue with one kind of task, which does nothing."""

    @property
    def name(self) -> str:
        """How results name it."""
        ...

    @property
    def most_at_once(self) -> int:
        """The most tasks that one call claims."""
        ...

    def prepare(self, server: Connection[Any]) -> None:
        """Make what it needs in the database."""
        ...

    def clear(self, server: Connection[Any]) -> None:
        """Remove all tasks."""
        ...

    def enqueue(self, server: Connection[Any], count: int) -> None:
        """Enqueue ``count`` tasks in one call."""
        ...

    def work(self, server: Connection[Any], batch: int) -> int:
        """Claim and complete tasks, ``batch`` at once, until there is none; return how many."""
        ...


@dataclass(frozen=True)
class PylayerQueue:
    """`work.enqueue_tasks` and `work.complete_tasks`.

    Attributes:
        events: which changes of state become events: ``terminal`` or ``none``.
    """

    events: str = "none"
    most_at_once = 1000

    @property
    def name(self) -> str:
        """How results name it."""
        return f"pylayer, events {self.events}"

    @property
    def _queue(self) -> str:
        return f"bench_{self.events}"

    def prepare(self, server: Connection[Any]) -> None:
        """Say which events its queue stores."""
        server.execute("select work.set_queue(%s, p_events => %s)", [self._queue, self.events])

    def clear(self, server: Connection[Any]) -> None:
        """Remove all tasks."""
        server.execute("truncate work.task_executions")

    def enqueue(self, server: Connection[Any], count: int) -> None:
        """Enqueue by the function for one task or for many."""
        if count == 1:
            server.execute(
                "select * from work.enqueue_task('bench', %s, %s)", [json.dumps(_INPUT), self._queue]
            ).fetchall()
        else:
            tasks = [{"task_name": "bench", "queue": self._queue, "input_data": _INPUT}] * count
            server.execute("select * from work.enqueue_tasks(%s)", [json.dumps(tasks)]).fetchall()

    def work(self, server: Connection[Any], batch: int) -> int:
        """Complete what was claimed and claim more, in one call."""
        done: list[dict[str, str]] = []
        count = 0
        while True:
            found = server.execute(
                "select execution_id, lease::text, task_name, input_data "
                "from work.complete_tasks(%s, 'bench', array[%s], %s) where outcome = 'claimed'",
                [json.dumps(done), self._queue, batch],
            ).fetchall()
            done = [{"execution_id": row[0], "lease": row[1]} for row in found]
            if not done:
                return count
            count += len(done)


_BARE_TABLE = """
drop table if exists bare_tasks;
create table bare_tasks (
  id bigint generated always as identity primary key,
  queue text not null,
  task_name text not null,
  input_data jsonb,
  priority smallint not null default 5,
  status text not null default 'ready',
  created_at timestamptz not null default now(),
  started_at timestamptz,
  finished_at timestamptz
);
create index on bare_tasks (queue, priority, id) where status = 'ready';
"""
_BARE_WORK = """
with done as (
  update bare_tasks set status = 'completed', finished_at = now() where id = any(%s)
)
update bare_tasks set status = 'running', started_at = now() where id in (
  select id from bare_tasks where queue = 'bench' and status = 'ready'
  order by priority, id limit %s for update skip locked
)
returning id, task_name, input_data
"""


class BareQueue:
    """The limit: one table, one partial index, one statement to complete and claim; no lease, no retry."""

    name = "bare SKIP LOCKED table"
    most_at_once = 1000

    def prepare(self, server: Connection[Any]) -> None:
        """Make the table."""
        server.execute(_BARE_TABLE)

    def clear(self, server: Connection[Any]) -> None:
        """Remove all tasks."""
        server.execute("truncate bare_tasks")

    def enqueue(self, server: Connection[Any], count: int) -> None:
        """Insert one row, or many from one JSON array."""
        if count == 1:
            server.execute(
                "insert into bare_tasks (queue, task_name, input_data) values ('bench', 'bench', %s) "
                "returning id",
                [json.dumps(_INPUT)],
            ).fetchall()
        else:
            tasks = [{"task_name": "bench", "queue": "bench", "input_data": _INPUT}] * count
            server.execute(
                "insert into bare_tasks (queue, task_name, input_data) select queue, task_name, input_data "
                "from jsonb_to_recordset(%s) as t (queue text, task_name text, input_data jsonb) "
                "returning id",
                [json.dumps(tasks)],
            ).fetchall()

    def work(self, server: Connection[Any], batch: int) -> int:
        """Complete what was claimed and claim more, in one statement."""
        done: list[int] = []
        count = 0
        while True:
            done = [row[0] for row in server.execute(_BARE_WORK, [done, batch]).fetchall()]
            if not done:
                return count
            count += len(done)


class ProcrastinateQueue:
    """The peer, by the functions that its workers call; it claims one by one."""

    name = "procrastinate"
    most_at_once = 1

    def prepare(self, server: Connection[Any]) -> None:
        """Apply its schema."""
        server.execute(SchemaManager.get_schema().encode())
        server.execute("insert into procrastinate_workers default values")

    def clear(self, server: Connection[Any]) -> None:
        """Remove all tasks."""
        server.execute("truncate procrastinate_jobs cascade")

    def enqueue(self, server: Connection[Any], count: int) -> None:
        """Defer by the function that its batches use."""
        job = "row('bench', 'bench', 0, null, null, %s, null)::procrastinate_job_to_defer_v1"
        server.execute(
            f"select procrastinate_defer_jobs_v1(array[{', '.join([job] * count)}])".encode(),
            [json.dumps(_INPUT)] * count,
        ).fetchall()

    def work(self, server: Connection[Any], batch: int) -> int:
        """Fetch a job and finish it, whatever the batch."""
        del batch
        count = 0
        while True:
            [(job,)] = server.execute(
                "select id from procrastinate_fetch_job_v2(array['bench'], 1)"
            ).fetchall()
            if job is None:
                return count
            server.execute("select procrastinate_finish_job_v1(%s, 'succeeded', false)", [job])
            count += 1
