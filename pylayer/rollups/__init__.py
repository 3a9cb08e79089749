"""Rollups of the events, kept for ever: `client.rollups`."""

from pylayer.rollups.namespace import Refreshed, Rollups

__all__ = ["Refreshed", "Rollups"]
