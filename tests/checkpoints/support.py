"""Checkpoints as LangGraph makes them, and what the database holds of them."""

from __future__ import annotations

from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver, Checkpoint
from psycopg import Connection


def config(thread: str = "t", checkpoint_id: str | None = None, ns: str = "") -> RunnableConfig:
    named = {} if checkpoint_id is None else {"checkpoint_id": checkpoint_id}
    return {"configurable": {"thread_id": thread, "checkpoint_ns": ns, **named}}


def state(checkpoint_id: str, values: dict[str, Any], version: int = 1) -> Checkpoint:
    return {
        "v": 4,
        "id": checkpoint_id,
        "ts": "2026-01-31T00:00:00+00:00",
        "channel_values": values,
        "channel_versions": dict.fromkeys(values, version),
        "versions_seen": {},
        "updated_channels": None,
    }


def put(
    saver: BaseCheckpointSaver[Any],
    checkpoint_id: str,
    values: dict[str, Any],
    *,
    thread: str = "t",
    parent: str | None = None,
    version: int = 1,
    metadata: dict[str, Any] | None = None,
) -> RunnableConfig:
    """Store a checkpoint all of whose channels are new."""
    new = state(checkpoint_id, values, version)
    given: Any = {"source": "loop", "step": 1, "parents": {}, **(metadata or {})}
    return saver.put(config(thread, parent), new, given, new["channel_versions"])


def values(saver: BaseCheckpointSaver[Any], thread: str = "t", checkpoint_id: str | None = None) -> Any:
    found = saver.get_tuple(config(thread, checkpoint_id))
    return found and found.checkpoint["channel_values"]


def count(conn: Connection[Any], table: str) -> int:
    (row,) = conn.execute(f"select count(*) as n from work.{table}".encode()).fetchall()
    return row["n"]


def dangling(conn: Connection[Any]) -> int:
    """References of checkpoints and writes to blobs that are gone, or not noted as used by their thread."""
    (row,) = conn.execute(
        """
        select count(*) as n
        from (
          select c.thread_key, r.id
          from work.checkpoints as c, work.referenced_blob_ids(c.channel_values) as r (id)
          union all
          select w.thread_key, r.id
          from work.checkpoint_writes as w, work.referenced_write_blob_ids(w.writes) as r (id)
        ) as r
        left join work.checkpoint_blobs as b on b.blob_id = r.id
        left join work.checkpoint_blob_uses as u on u.blob_id = r.id and u.thread_key = r.thread_key
        where b.blob_id is null or u.blob_id is null
        """
    ).fetchall()
    return row["n"]
