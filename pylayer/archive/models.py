"""What comes out of `client.archives`."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict

__all__ = ["Archive"]


class Archive(BaseModel):
    """A month of events in object storage.

    Attributes:
        month: its start, UTC.
        storage_key: key of the file in the bucket.
        rows: events in it.
        size_bytes: its size.
        content_hash: its sha256, hex.
        min_event_id, max_event_id: the least and the greatest event id in it; None when it is empty.
        archived_at: when it was stored.
        verified_at: when it was last read back whole and found right; None is never.
        dropped_at: when the month was dropped from the database; None while it is there.
        kept_until: until when a restored month stays in the database; None when it was not restored.
    """

    model_config = ConfigDict(frozen=True)

    month: datetime
    storage_key: str
    rows: int
    size_bytes: int
    content_hash: str
    min_event_id: str | None
    max_event_id: str | None
    archived_at: datetime
    verified_at: datetime | None
    dropped_at: datetime | None
    kept_until: datetime | None
