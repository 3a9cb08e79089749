"""The emitter: events in one call, delivered in the background, none lost and none twice.

>>> from pylayer.emitter import default_emitter
>>> default_emitter().emit(Event(                                           # doctest: +SKIP
...     event_name="workflow.flow_issue", payload={"issue_type": "handoff", "impact": "low"}))
"""

from pylayer.emitter.default import configure, default_emitter, transport_for
from pylayer.emitter.emitter import Emitter
from pylayer.emitter.http import HttpTransport
from pylayer.emitter.outbox import EmitterStats, WhenFull
from pylayer.emitter.sql import SqlTransport
from pylayer.emitter.transport import Transport

__all__ = [
    "Emitter",
    "EmitterStats",
    "HttpTransport",
    "SqlTransport",
    "Transport",
    "WhenFull",
    "configure",
    "default_emitter",
    "transport_for",
]
