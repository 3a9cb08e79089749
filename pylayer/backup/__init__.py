"""Backups: the database and the objects that its rows refer to, consistent with each other."""

from pylayer.backup.manifest import Blob, Damage
from pylayer.backup.restoring import RestoreReport, restore
from pylayer.backup.saving import BackupReport, backup

__all__ = ["BackupReport", "Blob", "Damage", "RestoreReport", "backup", "restore"]
