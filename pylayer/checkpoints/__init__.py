"""Checkpoints of LangGraph threads: `client.checkpoints`, under `pylayer.langgraph.PylayerSaver`."""

from pylayer.checkpoints.models import CheckpointPage, DeltaHistory, Pruned, Retired, StoredCheckpoint
from pylayer.checkpoints.namespace import Checkpoints, GraphCache

__all__ = [
    "CheckpointPage",
    "Checkpoints",
    "DeltaHistory",
    "GraphCache",
    "Pruned",
    "Retired",
    "StoredCheckpoint",
]
