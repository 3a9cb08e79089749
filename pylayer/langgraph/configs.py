"""Between LangGraph's configs and tuples and what is stored."""

from __future__ import annotations

from typing import Any, cast

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
    DeltaChannelHistory,
    get_checkpoint_id,
)

from pylayer.checkpoints import StoredCheckpoint
from pylayer.langgraph.values import Unpacker

__all__ = [
    "checkpoint_id_of",
    "config_of",
    "configurable",
    "history_of",
    "namespace_of",
    "thread_id_of",
    "tuple_of",
]


def configurable(config: RunnableConfig) -> dict[str, Any]:
    """Return what a config says of where; nothing where it says nothing."""
    return config.get("configurable", {})


def thread_id_of(config: RunnableConfig) -> str:
    """Return its thread, also where it is a number or a UUID."""
    return str(configurable(config)["thread_id"])


def namespace_of(config: RunnableConfig) -> str:
    """Return its namespace; the root graph's is empty."""
    return configurable(config).get("checkpoint_ns") or ""


def checkpoint_id_of(config: RunnableConfig) -> str | None:
    """Return its checkpoint; an empty one is none, as for LangGraph's own savers."""
    return get_checkpoint_id(config) or None


def config_of(thread_id: str, checkpoint_ns: str, checkpoint_id: str) -> RunnableConfig:
    """Return the config that names a checkpoint."""
    return {
        "configurable": {
            "thread_id": thread_id,
            "checkpoint_ns": checkpoint_ns,
            "checkpoint_id": checkpoint_id,
        }
    }


def tuple_of(stored: StoredCheckpoint, unpacker: Unpacker) -> CheckpointTuple:
    """Return a stored checkpoint as LangGraph wants it."""
    where = (stored.thread_id, stored.checkpoint_ns)
    values = {name: unpacker.unpack(reference) for name, reference in stored.channel_values.items()}
    checkpoint = {**stored.checkpoint, "id": stored.checkpoint_id, "channel_values": values}
    parent = stored.parent_checkpoint_id
    return CheckpointTuple(
        config=config_of(*where, stored.checkpoint_id),
        checkpoint=cast("Checkpoint", checkpoint),
        metadata=cast("CheckpointMetadata", stored.metadata),
        parent_config=config_of(*where, parent) if parent else None,
        pending_writes=[
            (task, channel, unpacker.unpack(reference)) for task, channel, reference in stored.writes
        ],
    )


def history_of(name: str, found: dict[str, Any], unpacker: Unpacker) -> DeltaChannelHistory:
    """Return what a delta channel is made of."""
    writes = [(task, name, unpacker.unpack(reference)) for task, reference in found.get("writes", [])]
    if "seed" in found:
        return {"writes": writes, "seed": unpacker.unpack(found["seed"])}
    return {"writes": writes}
