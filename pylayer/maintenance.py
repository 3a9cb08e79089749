"""Upkeep: what `pylayer maintain` does each time, every part safe to repeat and to kill."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic import BaseModel

from pylayer.client import Client
from pylayer.errors import PylayerError, Unavailable
from pylayer.migrate.session import Progress, Session
from pylayer.retention.run import FAULTS, retire_months
from pylayer.retention.session import maintenance_session

__all__ = ["TaskReport", "maintain"]

_BATCH = 10_000


class TaskReport(BaseModel):
    """What one part of the upkeep did.

    Attributes:
        task: its name.
        ok: whether it ended well; the other parts run all the same.
        done: what it did, by name.
        error: why it failed, or None.
    """

    task: str
    ok: bool
    done: dict[str, Any] = {}
    error: str | None = None


def maintain(client: Client, progress: Progress = lambda _: None) -> list[TaskReport]:
    """Run every part of the upkeep once, unless another session is at it.

    Makes the monthly partitions ahead, counts new events into the rollups, takes out the months that are old
    enough, makes the runs fail whose deadline has passed, removes runs that ended long ago, what expired
    uploads and deleted blobs left behind, checkpoints that the settings do not keep and expired results of
    the graph cache, folds the counts of repeated events, and does for tasks what time asks for. Needs the
    rights of ``pylayer_admin``, and to detach a month those of ``pylayer_owner``.

    Args:
        client: its connection string leads to the server itself, past a pooler.
        progress: called with one line before each step of retention.
    """
    try:
        with maintenance_session(client.database_url) as session:
            return [
                _report("partitions", lambda: _partitions(client)),
                _report("rollups", lambda: client.rollups.refresh().model_dump()),
                _report("months", lambda: _months(client, session, progress)),
                _report("runs", lambda: _runs(client)),
                _report("uploads", lambda: _uploads(client)),
                _report("checkpoints", lambda: _checkpoints(client)),
                _report("graph cache", lambda: {"expired": _drain(client.graph_cache.remove_expired)}),
                _report("ingest counts", client.events.fold_ingest_counts),
                _report("tasks", lambda: _tasks(client)),
            ]
    except FAULTS as error:
        if isinstance(error, PylayerError) and error.reason == "maintenance_running":
            return [TaskReport(task="maintenance", ok=True, done={"skipped": error.message})]
        return [TaskReport(task="maintenance", ok=False, error=" ".join(str(error).split()))]


def _partitions(client: Client) -> dict[str, Any]:
    months = client.events.make_months_ahead()
    return {"until": f"{months[-1].month:%Y-%m}", "created": [m.partition for m in months if m.created]}


def _months(client: Client, session: Session, progress: Progress) -> dict[str, Any]:
    report = retire_months(client, session, progress)
    if report.errors:
        raise PylayerError("some months could not go on", detail="; ".join(report.errors))
    return report.model_dump(exclude={"errors"})


def _uploads(client: Client) -> dict[str, Any]:
    cleaned = client.artifacts.clean_uploads()
    if cleaned.errors:
        raise Unavailable("some objects could not be removed", detail="; ".join(cleaned.errors[:3]))
    return {"uploads": cleaned.uploads, "blobs": cleaned.blobs}


def _tasks(client: Client) -> dict[str, Any]:
    swept, fired, purged = client.tasks.sweep(10000), client.tasks.fire_due(), 0
    while deleted := client.tasks.purge():
        purged += deleted
    return {**swept.model_dump(), "fired": len(fired), "purged": purged}


def _runs(client: Client) -> dict[str, Any]:
    expired, purged = _drain(client.executions.expire), 0
    while deleted := client.executions.purge():
        purged += deleted
    return {"expired": expired, "purged": purged}


def _checkpoints(client: Client) -> dict[str, Any]:
    checkpoints, blobs, last = 0, 0, 0
    while True:
        step = client.checkpoints.retire(after=last)
        checkpoints += step.checkpoints
        blobs += step.blobs
        if step.last_thread is None:
            break
        last = step.last_thread
    return {"checkpoints": checkpoints, "values": blobs + _drain(client.checkpoints.remove_unused_blobs)}


def _drain(remove: Callable[..., int]) -> int:
    """Call what removes up to a limit until it finds less."""
    total = 0
    while (removed := remove(limit=_BATCH)) == _BATCH:
        total += removed
    return total + removed


def _report(task: str, run: Callable[[], dict[str, Any]]) -> TaskReport:
    try:
        return TaskReport(task=task, ok=True, done=run())
    except FAULTS as error:
        return TaskReport(task=task, ok=False, error=" ".join(str(error).split()))
