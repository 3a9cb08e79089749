"""Workflow events: `client.events`."""

from pylayer.events.models import Event, EventInput, IngestResult, Month, StoredEvent
from pylayer.events.namespace import Events

__all__ = ["Event", "EventInput", "Events", "IngestResult", "Month", "StoredEvent"]
