"""One round of retention: each month below the floor goes as far as it can."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import psycopg

from pylayer.archive.writing import write_archive
from pylayer.client import Client
from pylayer.errors import Conflict, PylayerError, Retryable
from pylayer.migrate.session import Progress, Session
from pylayer.retention.models import RetentionReport, RetentionStep, label
from pylayer.retention.session import detach

__all__ = ["FAULTS", "retire_months"]

FAULTS = (PylayerError, psycopg.Error, OSError)
"""What ends one part of the upkeep and no other: also an error that no table names, or a full disk."""

_FRESH = timedelta(days=1)


def retire_months(client: Client, session: Session, progress: Progress = lambda _: None) -> RetentionReport:
    """Raise the floor, then do with each month below it what is due. Safe to kill and to repeat.

    What was done is in the database, and `telemetry.retention_steps` says what comes next: so the next round
    goes on where a killed one ended. A month that somebody reads is left for the next round.

    Args:
        client: for the calls and the object storage.
        session: the session of maintenance, in autocommit.
        progress: called with one line before each step.
    """
    return _Round(client.using(session), session, progress).run()


class _Round:
    def __init__(self, client: Client, session: Session, progress: Progress) -> None:
        self._client = client
        self._session = session
        self._progress = progress
        self._report = RetentionReport(floor="")
        self._do: dict[str, Callable[[RetentionStep], object]] = {
            "seal": lambda due: client.retention.seal(due.month),
            "archive": self._archive,
            "attach": lambda due: client.retention.attach(due.month),
            "detach": self._detach,
            "finalize": lambda due: detach(session, due.partition, "finalize"),
            "drop": self._drop,
        }

    def run(self) -> RetentionReport:
        self._progress("raising the floor")
        self._client.retention.raise_floor()
        self._report.floor = label(self._client.retention.status().retention_floor)
        for due in self._client.retention.steps():
            try:
                self._go_on(due)
            except Retryable as error:
                self._report.waiting.append(f"{label(due.month)} ({error.reason or 'locked'})")
            except FAULTS as error:
                self._report.errors.append(f"{label(due.month)}: {error}")
        return self._report

    def _go_on(self, due: RetentionStep | None) -> None:
        done: list[str] = []
        while due and due.step != "wait":
            if due.step in done:
                raise Conflict("a step of retention changed nothing", reason="no_progress", detail=due.step)
            self._progress(f"{due.step} {label(due.month)}")
            self._do[due.step](due)
            done.append(due.step)
            due = next((step for step in self._client.retention.steps() if step.month == due.month), None)
        if due:
            self._report.waiting.append(f"{label(due.month)} ({due.reason})")

    def _archive(self, due: RetentionStep) -> None:
        write_archive(self._client, self._session, due.month, self._progress)
        self._report.archived.append(label(due.month))

    def _detach(self, due: RetentionStep) -> None:
        """Take a month out; one that was restored has an archive that nobody may have read for long."""
        old = datetime.now(UTC) - _FRESH
        for archive in self._client.archives.list():
            if archive.month == due.month and archive.verified_at and archive.verified_at < old:
                self._progress(f"reading back {label(due.month)}")
                self._client.archives.verify(due.month)
        detach(self._session, due.partition, "concurrently")

    def _drop(self, due: RetentionStep) -> None:
        self._client.retention.drop(due.month)
        self._report.dropped.append(label(due.month))
