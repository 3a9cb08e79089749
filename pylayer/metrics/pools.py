"""The connection pools of this process."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, TypeAlias, TypeVar
from weakref import WeakSet

from psycopg_pool import AsyncConnectionPool, ConnectionPool

__all__ = ["pool_stats", "watch_pool"]

Pool: TypeAlias = "ConnectionPool[Any] | AsyncConnectionPool[Any]"
P = TypeVar("P", bound="ConnectionPool[Any] | AsyncConnectionPool[Any]")

_pools: WeakSet[Pool] = WeakSet()


def watch_pool(pool: P) -> P:
    """Count a pool's statistics until it is closed; return it."""
    _pools.add(pool)
    return pool


def pool_stats() -> Mapping[str, Mapping[str, int]]:
    """Return the statistics of psycopg's open pools by their name; those of the same name are added up."""
    found: dict[str, Counter[str]] = {}
    for pool in list(_pools):
        if not pool.closed:
            found.setdefault(pool.name, Counter()).update(pool.get_stats())
    return found
