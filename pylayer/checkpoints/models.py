"""What comes out of `client.checkpoints` and `client.graph_cache`."""

from __future__ import annotations

from typing import Any, TypeAlias

from pydantic import BaseModel, ConfigDict

__all__ = [
    "CachedResult",
    "CheckpointPage",
    "DeltaHistory",
    "Pruned",
    "Reference",
    "Retired",
    "StoredCheckpoint",
]

Reference: TypeAlias = int | str | list[int | str]
"""A value: the number of a blob, a small one as ``type:base64``, or both for the segments of a list."""


class StoredCheckpoint(BaseModel):
    """A checkpoint as it is stored.

    Attributes:
        cursor: where a next page begins.
        thread_id: its thread.
        checkpoint_ns: its namespace.
        checkpoint_id: its id.
        parent_checkpoint_id: checkpoint that it came from; None is none.
        checkpoint: versions of the channels and what nodes have seen.
        metadata: what is told of it.
        channel_values: reference of each channel's value.
        writes: task id, channel and reference of what was written after it, in the order in which it applies.
    """

    model_config = ConfigDict(frozen=True)

    cursor: tuple[str, int, str]
    thread_id: str
    checkpoint_ns: str
    checkpoint_id: str
    parent_checkpoint_id: str | None
    checkpoint: dict[str, Any]
    metadata: dict[str, Any]
    channel_values: dict[str, Reference]
    writes: list[tuple[str, str, Reference]]


class _Blobs(BaseModel):
    """Blobs that references refer to.

    Attributes:
        blobs: number, type and size in bytes of each.
        data: their bytes, one after the other.
    """

    model_config = ConfigDict(frozen=True)

    blobs: list[tuple[int, str, int]]
    data: bytes


class CheckpointPage(_Blobs):
    """Some checkpoints, latest first, and the blobs that they refer to.

    Attributes:
        checkpoints: the checkpoints.
    """

    checkpoints: list[StoredCheckpoint]


class DeltaHistory(_Blobs):
    """What channels that store only changes are made of.

    Attributes:
        channels: by channel, ``writes`` (task id and reference, oldest first) and maybe ``seed``.
    """

    channels: dict[str, dict[str, Any]]


class Pruned(BaseModel):
    """What a removal removed.

    Attributes:
        checkpoints: how many checkpoints.
        blobs: how many values that no other checkpoint used.
    """

    model_config = ConfigDict(frozen=True)

    checkpoints: int
    blobs: int


class Retired(Pruned):
    """What one step of retention removed.

    Attributes:
        last_thread: where the next step begins; None: there is none.
    """

    last_thread: int | None


class CachedResult(BaseModel):
    """A result in the cache of graphs.

    Attributes:
        nth: place of its key in the call, from 0.
        serde_type: how it is serialized.
        data: the serialized bytes.
    """

    model_config = ConfigDict(frozen=True)

    nth: int
    serde_type: str
    data: bytes
