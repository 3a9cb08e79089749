"""Retention: months of events that nobody needs raw any more are counted, archived and dropped."""

from __future__ import annotations

from pylayer.retention.models import RetentionReport, RetentionStatus, RetentionStep
from pylayer.retention.namespace import Retention

__all__ = ["Retention", "RetentionReport", "RetentionStatus", "RetentionStep"]
