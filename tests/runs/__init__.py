"""Workflows, their runs, and the durable-run helper."""
