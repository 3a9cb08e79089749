"""pylayer: the persistence layer of an agent platform, in one Postgres.

The rules live in the database; this package hashes, streams and calls stored procedures.

    >>> import pylayer
    >>> with pylayer.connect() as client:                                       # doctest: +SKIP
    ...     version = client.artifacts.write(type="report", content="# All well")
    ...     client.events.ingest(pylayer.Event(
    ...         event_name="workflow.flow_issue", payload={"issue_type": "handoff", "impact": "low"}))
"""

from pylayer.artifacts import ArtifactVersion
from pylayer.client import AsyncClient, Client, connect, connect_async
from pylayer.config import Settings
from pylayer.errors import (
    Conflict,
    Forbidden,
    Gone,
    InvalidInput,
    NotFound,
    PylayerError,
    RateLimited,
    Retryable,
    TooLarge,
    Unauthenticated,
    Unavailable,
    ValidationFailed,
)
from pylayer.events import (
    Event,
    IngestResult,
    emit_item_state_changed,
    emit_step_completed,
    run_context,
)

__version__ = "0.1.0"

__all__ = [
    "ArtifactVersion",
    "AsyncClient",
    "Client",
    "Conflict",
    "Event",
    "Forbidden",
    "Gone",
    "IngestResult",
    "InvalidInput",
    "NotFound",
    "PylayerError",
    "RateLimited",
    "Retryable",
    "Settings",
    "TooLarge",
    "Unauthenticated",
    "Unavailable",
    "ValidationFailed",
    "connect",
    "connect_async",
    "emit_item_state_changed",
    "emit_step_completed",
    "run_context",
]
