"""LangGraph's cache of nodes in Postgres: `PylayerCache`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from langgraph.cache.base import BaseCache, FullKey, Namespace
from langgraph.checkpoint.serde.base import SerializerProtocol

from pylayer.calls import Plan, T
from pylayer.checkpoints import GraphCache
from pylayer.client import AsyncClient, Client
from pylayer.langgraph.either import checked_client, run, run_async

__all__ = ["PylayerCache"]


class PylayerCache(BaseCache[Any]):
    """Keeps results of nodes in an UNLOGGED table: shared by processes, empty after the server crashed.

    Args:
        client: as for `pylayer.langgraph.PylayerSaver`.
        serde: serializer of values; default LangGraph's.

    Example:
        >>> cache = PylayerCache(client)
        >>> cache.set({(("counting",), "k"): (1, 60)})
        >>> cache.get([(("counting",), "k")])
        {(('counting',), 'k'): 1}
    """

    def __init__(self, client: Client | AsyncClient, *, serde: SerializerProtocol | None = None) -> None:
        super().__init__(serde=serde)
        self._client = checked_client(client)
        self._calls = client.graph_cache

    def get(self, keys: Sequence[FullKey]) -> dict[FullKey, Any]:
        """Return what is cached for keys and has not expired."""
        return self._run(self._get(keys))

    async def aget(self, keys: Sequence[FullKey]) -> dict[FullKey, Any]:
        """Return as `get`."""
        return await self._arun(self._get(keys))

    def set(self, pairs: Mapping[FullKey, tuple[Any, int | None]]) -> None:
        """Store values, each with the seconds until it expires; None is never."""
        self._run(self._set(pairs))

    async def aset(self, pairs: Mapping[FullKey, tuple[Any, int | None]]) -> None:
        """Store as `set`."""
        await self._arun(self._set(pairs))

    def clear(self, namespaces: Sequence[Namespace] | None = None) -> None:
        """Remove the values of namespaces; None is all."""
        self._run(self._clear(namespaces))

    async def aclear(self, namespaces: Sequence[Namespace] | None = None) -> None:
        """Remove as `clear`."""
        await self._arun(self._clear(namespaces))

    def _run(self, plan: Plan[T]) -> T:
        return run(self._client, plan)

    async def _arun(self, plan: Plan[T]) -> T:
        return await run_async(self._client, plan)

    def _get(self, keys: Sequence[FullKey]) -> Plan[dict[FullKey, Any]]:
        wanted = [(_text(namespace), key) for namespace, key in keys]
        found = yield from GraphCache.get.plan(self._calls, wanted)
        return {keys[hit.nth]: self.serde.loads_typed((hit.serde_type, hit.data)) for hit in found}

    def _set(self, pairs: Mapping[FullKey, tuple[Any, int | None]]) -> Plan[None]:
        entries = [
            (_text(namespace), key, *self.serde.dumps_typed(value), ttl)
            for (namespace, key), (value, ttl) in pairs.items()
        ]
        yield from GraphCache.set.plan(self._calls, entries)

    def _clear(self, namespaces: Sequence[Namespace] | None) -> Plan[int]:
        texts = None if namespaces is None else [_text(namespace) for namespace in namespaces]
        return (yield from GraphCache.clear.plan(self._calls, texts))


def _text(namespace: Namespace) -> str:
    return json.dumps(namespace, ensure_ascii=False)
