"""What tests ask of a month on its way out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import Connection

import pylayer
from pylayer.maintenance import TaskReport, maintain
from pylayer.retention.session import LOCK_KEY
from tests.waiting import wait_until


@dataclass(frozen=True)
class Old:
    """A month that is due to be dropped, and the events that were sent to it."""

    conn: Connection[dict[str, Any]]
    month: datetime
    events: list[dict[str, Any]]

    @property
    def name(self) -> str:
        return f"{self.month:%Y-%m}"

    @property
    def table(self) -> str:
        return f"telemetry.workflow_events_p{self.month:%Y%m}01"

    def value(self, query: str, *params: object) -> Any:
        row = self.conn.execute(query.encode(), params).fetchone()
        return next(iter(row.values())) if row else None

    def state(self) -> str | None:
        """What the catalog says of the month's table; None when there is none."""
        return self.value("select state from telemetry.month_tables() where month = %s", self.month)

    def rows(self) -> list[dict[str, Any]]:
        """Every column of every event of the month, JSON as text, from the table of events."""
        return self.conn.execute(
            "select w.*, w.payload::text as payload, w.metadata::text as metadata "
            "from telemetry.workflow_events as w "
            "where event_id < core.ulid_floor(%s::timestamptz + interval '1 month') order by event_id",
            [self.month],
        ).fetchall()

    def counted(self) -> int:
        """Events of the month in the rollups."""
        return self.value("select events from telemetry.month_rollups where month = %s", self.month)


def wait_for_the_lock(old: Old) -> None:
    """Wait until no maintenance of this database runs: the server notices soon that a client is dead."""
    held = (
        "select count(*) from pg_locks as l inner join pg_database as d on d.oid = l.database "
        "where d.datname = current_database() and l.locktype = 'advisory' "
        "and l.objid = %s::bigint & 4294967295"
    )
    wait_until(lambda: old.value(held, LOCK_KEY) == 0)


def months_task(client: pylayer.Client) -> TaskReport:
    """Run maintenance, and return what became of the months."""
    reports = {report.task: report for report in maintain(client)}
    failed = [report.error for report in reports.values() if not report.ok]
    assert not failed, failed
    return reports["months"]
