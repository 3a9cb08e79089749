"""Migrations, and the functions and views that follow their files."""

from pylayer.migrate.runner import Report, migrate, rollback, seed

__all__ = ["Report", "migrate", "rollback", "seed"]
