"""`client.archives`: months in object storage, checked and brought back."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any, TypeAlias

from pylayer.archive.models import Archive
from pylayer.archive.parquet import Contents
from pylayer.archive.reading import Spooled, fetch
from pylayer.blobs import BlobStore
from pylayer.calls import Call, Namespace, Plan, R, Runner, Work, call, operation, rows, scalar
from pylayer.errors import InvalidInput, NotFound

__all__ = ["Archives"]

_Listed: TypeAlias = list[Archive]
_MAX_DAYS = 3650


class Archives(Namespace[R]):
    """Archives of months. `pylayer maintain` writes them while ``core.settings.archive_enabled`` is on."""

    def __init__(self, runner: Runner, blobs: BlobStore) -> None:
        super().__init__(runner)
        self._blobs = blobs

    @operation
    def list(self) -> Plan[_Listed]:
        """Return the archives, oldest month first.

        Example:
            >>> client.archives.list()
            []
        """
        return (yield from _listed(None))

    @operation
    def key(self, month: datetime) -> Plan[str]:
        """Return the key that a month's archive has (admin)."""
        return (yield from call("telemetry.archive_key", {"p_month": month}, scalar, repeatable=True))

    @operation
    def record(
        self, month: datetime, contents: Contents, *, size_bytes: int, content_hash: str
    ) -> Plan[None]:
        """Record an archive whose file is in object storage, not verified yet (admin).

        Raises:
            NotFound, Conflict: it is not the month's turn; ``rows_differ``, the file is not the month.
        """
        params: dict[str, Any] = {
            "p_month": month,
            "p_rows": contents.rows,
            "p_size_bytes": size_bytes,
            "p_content_hash": content_hash,
            "p_min_event_id": contents.min_event_id,
            "p_max_event_id": contents.max_event_id,
        }
        yield from call("telemetry.record_archive", params, scalar, repeatable=True)

    @operation
    def verify(self, month: datetime) -> Plan[Archive]:
        """Read an archive back whole, and record that it is what was written (admin).

        Args:
            month: any time within the month.

        Raises:
            NotFound: there is no archive of the month, or its file is gone.
            Conflict: ``archive_differs``, the file is damaged or another one.
        """
        archive = yield from _archive_of(month)
        spooled = yield from Work(partial(fetch, self._blobs, archive.storage_key))
        with spooled:
            yield from _confirmed(archive.month, spooled)
        return (yield from _archive_of(month))

    @operation
    def restore(self, month: datetime, *, days: int = 30) -> Plan[Archive]:
        """Bring a dropped month back into the table of events, row by row as it was (admin).

        Its events are read like any other; they can't be changed, and what is sent again is refused as
        before. Retention drops the month again when its time is over. A killed restore is begun anew.

        Args:
            month: any time within the month.
            days: how long it stays, 1 to 3650.

        Raises:
            InvalidInput: ``invalid_days``.
            NotFound: there is no archive of the month, or its file is gone.
            Conflict: the month is in the database; ``archive_differs``, the file is damaged or another one.
            Retryable: somebody held the table of events for minutes.
        """
        if not 1 <= days <= _MAX_DAYS:  # the database says so only when all rows are there
            raise InvalidInput(
                "number of days is out of range",
                reason="invalid_days",
                detail=f"{days}",
                hint=f"1 to {_MAX_DAYS}",
            )
        archive = yield from _archive_of(month)
        spooled = yield from Work(partial(fetch, self._blobs, archive.storage_key))
        with spooled:
            yield from _confirmed(archive.month, spooled)
            yield from _restored(archive.month, spooled, days)
        return (yield from _archive_of(month))


def _listed(month: datetime | None) -> Call[_Listed]:
    return call("telemetry.list_archives", {"p_month": month}, rows(Archive), repeatable=True)


def _archive_of(month: datetime) -> Plan[Archive]:
    found = yield from _listed(month)
    if not found:
        raise NotFound(
            "there is no archive of this month",
            reason="no_archive",
            detail=f"{month:%Y-%m}",
            hint="pylayer archive list shows those that exist",
        )
    return found[0]


def _confirmed(month: datetime, spooled: Spooled) -> Plan[None]:
    found = yield from Work(spooled.read)
    params = {
        "p_month": month,
        "p_rows": found.rows,
        "p_content_hash": spooled.content_hash,
        "p_rows_hash": (yield from Work(spooled.rows_hash)),
        "p_min_event_id": found.min_event_id,
        "p_max_event_id": found.max_event_id,
    }
    yield from call("telemetry.confirm_archive", params, scalar, repeatable=True)


def _restored(month: datetime, spooled: Spooled, days: int) -> Plan[None]:
    yield from call("telemetry.begin_restore", {"p_month": month}, scalar, repeatable=True)
    batches = spooled.batches()
    while batch := (yield from Work(partial(next, batches, None))):
        params = {"p_month": month, "p_rows": batch}
        yield from call("telemetry.restore_events", params, scalar, repeatable=True)
    yield from call("telemetry.finish_restore", {"p_month": month, "p_days": days}, scalar, repeatable=True)
