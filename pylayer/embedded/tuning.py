"""Postgres' settings for this machine: a shared development machine, not a dedicated server."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["machine_memory", "settings"]

_MIB = 1024 * 1024
_CGROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")


def machine_memory() -> int:
    """Return the bytes of memory that this machine, or this container, has."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = _CGROUP_LIMIT.read_text().strip() if _CGROUP_LIMIT.exists() else "max"
    return min(total, int(limit)) if limit.isdigit() else total


def settings(memory: int, *, durable: bool) -> dict[str, str]:
    """Return the settings for a machine with ``memory`` bytes; not ``durable`` is for throw-away tests."""
    megabytes = memory // _MIB
    values = {
        "shared_buffers": f"{max(64, min(megabytes // 4, 1024))}MB",
        "effective_cache_size": f"{max(128, megabytes // 2)}MB",
        "maintenance_work_mem": f"{max(64, min(megabytes // 16, 512))}MB",
        "work_mem": "16MB",
        "max_connections": "200",
        "max_wal_size": "4GB",
        "min_wal_size": "256MB",
        "checkpoint_timeout": "15min",
        "random_page_cost": "1.1",
        "jit": "off",
        "track_io_timing": "on",
        "log_lock_waits": "on",
        "log_line_prefix": "%m [%p] %q%u@%d ",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "default_text_search_config": "pg_catalog.english",
    }
    switch = "on" if durable else "off"
    values |= dict.fromkeys(("fsync", "full_page_writes", "synchronous_commit"), switch)
    # Checkpoints cost next to nothing without fsync, and the log may be in memory.
    return values if durable else values | {"max_wal_size": "512MB"}
