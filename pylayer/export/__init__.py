"""Training data: events or conversations of a range of days, a file a day, the same bytes each time."""

from pylayer.export.kinds import KINDS, Format
from pylayer.export.state import ExportedFile, Manifest
from pylayer.export.training import TrainingExport, export_training

__all__ = ["KINDS", "ExportedFile", "Format", "Manifest", "TrainingExport", "export_training"]
