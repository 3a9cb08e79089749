"""`client.checkpoints` and `client.graph_cache`: the calls under LangGraph's saver and cache."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from pylayer.calls import Namespace, Plan, R, call, one, operation, rows, scalar
from pylayer.checkpoints.models import CachedResult, CheckpointPage, DeltaHistory, Pruned, Retired
from pylayer.errors import InvalidInput

__all__ = ["Checkpoints", "GraphCache"]

_Cached: TypeAlias = list[CachedResult]
Blob: TypeAlias = tuple[str, str, bytes | None]
"""sha256 in hex, type, and the bytes; None where they are not sent, since they should be stored already."""


class Checkpoints(Namespace[R]):
    """Checkpoints of LangGraph threads. Graphs use it by `pylayer.langgraph.PylayerSaver`."""

    @operation
    def put(
        self,
        *,
        thread_id: str,
        checkpoint_ns: str,
        checkpoint_id: str,
        parent_checkpoint_id: str | None,
        checkpoint: Mapping[str, Any],
        metadata: Mapping[str, Any],
        channel_values: Mapping[str, Any],
        blobs: Sequence[Blob] = (),
    ) -> Plan[bool]:
        """Store a checkpoint. Safe to repeat.

        Args:
            thread_id: its thread, 1 to 1000 bytes.
            checkpoint_ns: its namespace, at most 1000 bytes.
            checkpoint_id: its id, 1 to 500 bytes.
            parent_checkpoint_id: checkpoint that it came from; None is none.
            checkpoint: versions of the channels and what nodes have seen; no values.
            metadata: what is told of it.
            channel_values: reference of each channel's value: a place in ``blobs``, a small value as
                ``type:base64``, a list of both; None is the parent's.
            blobs: what the references refer to.

        Returns:
            False when something that was not sent is not there: nothing was stored, send all of it.

        Raises:
            InvalidInput: a value that is none. Conflict: ``hash_mismatch``.
        """
        params = {
            "p_thread_id": thread_id,
            "p_checkpoint_ns": checkpoint_ns,
            "p_checkpoint_id": checkpoint_id,
            "p_parent_checkpoint_id": parent_checkpoint_id,
            "p_checkpoint": _json(checkpoint),
            "p_metadata": _json(metadata),
            "p_channel_values": _json(channel_values),
            **_sent(blobs),
        }
        return (yield from call("work.put_checkpoint", params, scalar, repeatable=True))

    @operation
    def put_writes(
        self,
        *,
        thread_id: str,
        checkpoint_ns: str,
        checkpoint_id: str,
        task_id: str,
        task_path: str,
        writes: Mapping[int, str],
        values: Mapping[int, Any],
        blobs: Sequence[Blob] = (),
    ) -> Plan[bool]:
        """Store what a task wrote after a checkpoint. Safe to repeat.

        Args:
            thread_id: thread of the checkpoint.
            checkpoint_ns: namespace of the checkpoint.
            checkpoint_id: the checkpoint.
            task_id: the task, at most 500 bytes.
            task_path: its path, at most 2000 bytes.
            writes: channel by number of the write; numbers from 0 keep what is stored, others replace it.
            values: reference of the value, by number of the write.
            blobs: what the references refer to.

        Returns:
            As `put`.
        """
        params = {
            "p_thread_id": thread_id,
            "p_checkpoint_ns": checkpoint_ns,
            "p_checkpoint_id": checkpoint_id,
            "p_task_id": task_id,
            "p_task_path": task_path,
            "p_writes": _json(writes),
            "p_values": _json(values),
            **_sent(blobs),
        }
        return (yield from call("work.put_checkpoint_writes", params, scalar, repeatable=True))

    @operation
    def page(
        self,
        *,
        thread_id: str | None = None,
        checkpoint_ns: str | None = None,
        checkpoint_id: str | None = None,
        filter: Mapping[str, Any] | None = None,
        before: str | None = None,
        after: Sequence[Any] | None = None,
        limit: int = 20,
    ) -> Plan[CheckpointPage]:
        """Return some checkpoints, latest first.

        Args:
            thread_id: of this thread; None is any, as in the following.
            checkpoint_ns: of this namespace.
            checkpoint_id: of this id.
            filter: what the metadata contains.
            before: the id that theirs is less than.
            after: cursor of the checkpoint that ended the previous page.
            limit: most checkpoints, 1 to 100.
        """
        params = {
            "p_thread_id": thread_id,
            "p_checkpoint_ns": checkpoint_ns,
            "p_checkpoint_id": checkpoint_id,
            "p_filter": None if filter is None else _json(filter),
            "p_before": before,
            "p_after": None if after is None else _json(after),
            "p_limit": limit,
        }
        return (yield from call("work.list_checkpoints", params, one(CheckpointPage), repeatable=True))

    @operation
    def delta_history(
        self, *, thread_id: str, checkpoint_ns: str, checkpoint_id: str | None, channels: Sequence[str]
    ) -> Plan[DeltaHistory]:
        """Return what channels that store only changes are made of.

        Args:
            thread_id: thread of the checkpoint.
            checkpoint_ns: namespace of the checkpoint.
            checkpoint_id: the checkpoint; None is the latest.
            channels: names.
        """
        params = {
            "p_thread_id": thread_id,
            "p_checkpoint_ns": checkpoint_ns,
            "p_checkpoint_id": checkpoint_id,
            "p_channels": _json(list(channels)),
        }
        return (yield from call("work.delta_channel_history", params, one(DeltaHistory), repeatable=True))

    @operation
    def delete_threads(self, thread_ids: Sequence[str]) -> Plan[Pruned]:
        """Remove threads with all that is stored for them. Safe to repeat."""
        params = {"p_thread_ids": _texts(thread_ids)}
        return (yield from call("work.delete_checkpoint_threads", params, one(Pruned), repeatable=True))

    @operation
    def delete_for_runs(self, run_ids: Sequence[str]) -> Plan[Pruned]:
        """Remove the checkpoints of runs and the writes after them. Safe to repeat."""
        params = {"p_run_ids": _texts(run_ids)}
        return (yield from call("work.delete_checkpoints_of_runs", params, one(Pruned), repeatable=True))

    @operation
    def copy_thread(self, source_thread_id: str, target_thread_id: str) -> Plan[int]:
        """Copy a thread, values shared, and return the number of checkpoints copied. Safe to repeat."""
        params = {"p_source_thread_id": source_thread_id, "p_target_thread_id": target_thread_id}
        return (yield from call("work.copy_checkpoint_thread", params, scalar, repeatable=True))

    @operation
    def prune(self, thread_ids: Sequence[str], *, keep_last: int = 1) -> Plan[Pruned]:
        """Remove all but the last checkpoints of threads, in each namespace. Safe to repeat.

        What channels that store only changes need stays; a subgraph's call goes with the root checkpoint that
        it started from.
        """
        params = {"p_thread_ids": _texts(thread_ids), "p_keep_last": keep_last}
        return (yield from call("work.prune_checkpoints", params, one(Pruned), repeatable=True))

    @operation
    def retire(self, *, after: int = 0, limit: int = 100) -> Plan[Retired]:
        """Remove from some threads what the settings do not keep (admin); `pylayer maintain` does it.

        Args:
            after: ``last_thread`` of the previous step.
            limit: most threads to look at, 1 to 10000.
        """
        params = {"p_after": after, "p_limit": limit}
        return (yield from call("work.retire_checkpoints", params, one(Retired), repeatable=True))

    @operation
    def remove_unused_blobs(self, *, limit: int = 10000) -> Plan[int]:
        """Remove values that no thread uses (admin), and return their number; `pylayer maintain` does it."""
        return (
            yield from call(
                "work.remove_unused_checkpoint_blobs", {"p_limit": limit}, scalar, repeatable=True
            )
        )


class GraphCache(Namespace[R]):
    """Results of LangGraph nodes. Graphs use it by `pylayer.langgraph.PylayerCache`."""

    @operation
    def get(self, keys: Sequence[tuple[str, str]]) -> Plan[_Cached]:
        """Return what is cached for namespaces and keys, and has not expired."""
        return (
            yield from call("work.get_cached", {"p_keys": _json(keys)}, rows(CachedResult), repeatable=True)
        )

    @operation
    def set(self, entries: Sequence[tuple[str, str, str, bytes, float | None]]) -> Plan[None]:
        """Store results.

        Args:
            entries: namespace, key, type, serialized bytes and seconds until it expires; None is never.
        """
        params = {
            "p_entries": _json([(ns, key, kind, len(data), ttl) for ns, key, kind, data, ttl in entries]),
            "p_data": b"".join(data for _, _, _, data, _ in entries),
        }
        yield from call("work.set_cached", params, scalar, repeatable=True)

    @operation
    def clear(self, namespaces: Sequence[str] | None = None) -> Plan[int]:
        """Remove the results of namespaces, None is all, and return their number."""
        params = {"p_namespaces": None if namespaces is None else _json(namespaces)}
        return (yield from call("work.clear_cached", params, scalar, repeatable=True))

    @operation
    def remove_expired(self, *, limit: int = 10000) -> Plan[int]:
        """Remove results that have expired (admin), and return their number; `pylayer maintain` does it."""
        return (yield from call("work.remove_expired_cached", {"p_limit": limit}, scalar, repeatable=True))


def _sent(blobs: Sequence[Blob]) -> dict[str, Any]:
    described = [(sha256, kind, None if data is None else len(data)) for sha256, kind, data in blobs]
    return {"p_blobs": _json(described), "p_data": b"".join(data for _, _, data in blobs if data)}


def _texts(values: Sequence[str]) -> str:
    if isinstance(values, str):
        raise InvalidInput("ids are a sequence, not one text", reason="invalid_ids", detail=values[:200])
    return _json([str(value) for value in values])


def _json(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidInput("not JSON", code="22P02", detail=str(error)[:200]) from error
