"""LangGraph's checkpoints in Postgres: `PylayerSaver`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    WRITES_IDX_MAP,
    BaseCheckpointSaver,
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
    DeltaChannelHistory,
    get_serializable_checkpoint_metadata,
)
from langgraph.checkpoint.serde.base import SerializerProtocol

from pylayer.calls import Plan, T
from pylayer.checkpoints import Checkpoints, DeltaHistory, Pruned
from pylayer.client import AsyncClient, Client, connect, connect_async
from pylayer.errors import Forbidden, InvalidInput, PylayerError
from pylayer.langgraph.configs import (
    checkpoint_id_of,
    config_of,
    configurable,
    history_of,
    namespace_of,
    thread_id_of,
    tuple_of,
)
from pylayer.langgraph.either import checked_client, run, run_async
from pylayer.langgraph.values import Known, Packer, Unpacker

__all__ = ["PylayerSaver"]

_PAGE = 20
_STRATEGIES = {"keep_latest", "delete"}


class PylayerSaver(BaseCheckpointSaver[Any]):
    """Keeps the state of graphs in Postgres.

    Each value of a channel is stored once, however many checkpoints and threads hold it; a list that grew
    shares what it had before. One call of the database a checkpoint, one for what a task wrote. Safe to share
    between threads and, over an `AsyncClient`, between coroutines.

    Args:
        client: a `pylayer.Client`, whose calls the asynchronous methods make in a worker thread, or a
            `pylayer.AsyncClient`, which serves the asynchronous methods alone. It stays open.
        serde: serializer of values; default LangGraph's. Values that it encrypts share nothing.

    Raises:
        pylayer.InvalidInput: a thread id over 1000 bytes, or metadata that JSON cannot hold.
        pylayer.TooLarge: a state over 256 MiB.

    Example:
        >>> saver = PylayerSaver(client)
        >>> counting = StateGraph(dict).add_node("count", lambda state: {"n": 1}).add_edge(START, "count")
        >>> graph = counting.compile(checkpointer=saver)
        >>> graph.invoke({"n": 0}, {"configurable": {"thread_id": "t-1"}})
        {'n': 1}
    """

    def __init__(self, client: Client | AsyncClient, *, serde: SerializerProtocol | None = None) -> None:
        super().__init__(serde=serde)
        self._client = checked_client(client)
        self._calls = client.checkpoints
        self._known = Known()

    @classmethod
    @contextmanager
    def from_conn_string(
        cls, conn_string: str, *, role: str | None = None, serde: SerializerProtocol | None = None
    ) -> Generator[PylayerSaver]:
        """Yield a saver with a client of its own.

        Args:
            conn_string: of the database, also through PgBouncer in transaction mode.
            role: database role that its calls run under, such as ``pylayer_agent``; default the login itself.
            serde: serializer of values.
        """
        with connect(conn_string, role=role) as client:
            yield cls(client, serde=serde)

    @classmethod
    @asynccontextmanager
    async def from_conn_string_async(
        cls, conn_string: str, *, role: str | None = None, serde: SerializerProtocol | None = None
    ) -> AsyncGenerator[PylayerSaver]:
        """Yield a saver over an `AsyncClient` of its own, as `from_conn_string`."""
        async with await connect_async(conn_string, role=role) as client:
            yield cls(client, serde=serde)

    def setup(self) -> None:
        """Make or update the tables, as ``pylayer migrate`` does. Safe to repeat.

        A login that may not migrate, or a connection through a pooler, only sees that they are there.
        """
        if refused := _migrated(self._client.database_url):
            try:
                self._run(Checkpoints.page.plan(self._calls, limit=1))
            except PylayerError:
                raise refused from None

    async def asetup(self) -> None:
        """Do as `setup`."""
        if refused := await asyncio.to_thread(_migrated, self._client.database_url):
            try:
                await self._arun(Checkpoints.page.plan(self._calls, limit=1))
            except PylayerError:
                raise refused from None

    def get_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """Return the checkpoint that a config names, or the latest of its thread and namespace."""
        return self._run(self._get(config))

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """Return as `get_tuple`."""
        return await self._arun(self._get(config))

    def list(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> Iterator[CheckpointTuple]:
        """Yield checkpoints, latest first, reading page by page.

        Args:
            config: thread, and namespace and id where given; None is all threads.
            filter: what the metadata contains.
            before: config whose checkpoint they come before.
            limit: most checkpoints.
        """
        after: Sequence[Any] | None = None
        while limit is None or limit > 0:
            found, after = self._run(self._page(config, filter, before, limit, after))
            yield from found
            if after is None:
                return
            limit = None if limit is None else limit - len(found)

    async def alist(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[CheckpointTuple]:
        """Yield as `list`."""
        after: Sequence[Any] | None = None
        while limit is None or limit > 0:
            found, after = await self._arun(self._page(config, filter, before, limit, after))
            for checkpoint in found:
                yield checkpoint
            if after is None:
                return
            limit = None if limit is None else limit - len(found)

    def get_delta_channel_history(
        self, *, config: RunnableConfig, channels: Sequence[str]
    ) -> Mapping[str, DeltaChannelHistory]:
        """Return what channels that store only changes are made of, in one call."""
        return self._run(self._history(config, channels))

    async def aget_delta_channel_history(
        self, *, config: RunnableConfig, channels: Sequence[str]
    ) -> Mapping[str, DeltaChannelHistory]:
        """Return as `get_delta_channel_history`."""
        return await self._arun(self._history(config, channels))

    def put(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Store a checkpoint, and return the config that names it. Safe to repeat."""
        return self._run(self._put(config, checkpoint, metadata, new_versions))

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Store as `put`."""
        return await self._arun(self._put(config, checkpoint, metadata, new_versions))

    def put_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        """Store what a task wrote after a checkpoint. Safe to repeat."""
        self._run(self._put_writes(config, writes, task_id, task_path))

    async def aput_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        """Store as `put_writes`."""
        await self._arun(self._put_writes(config, writes, task_id, task_path))

    def delete_thread(self, thread_id: str) -> None:
        """Remove a thread with all that is stored for it."""
        self._run(Checkpoints.delete_threads.plan(self._calls, [thread_id]))

    async def adelete_thread(self, thread_id: str) -> None:
        """Remove as `delete_thread`."""
        await self._arun(Checkpoints.delete_threads.plan(self._calls, [thread_id]))

    def delete_for_runs(self, run_ids: Sequence[str]) -> None:
        """Remove the checkpoints of runs; of a thread with delta channels, its last runs first."""
        self._run(Checkpoints.delete_for_runs.plan(self._calls, run_ids))

    async def adelete_for_runs(self, run_ids: Sequence[str]) -> None:
        """Remove as `delete_for_runs`."""
        await self._arun(Checkpoints.delete_for_runs.plan(self._calls, run_ids))

    def copy_thread(self, source_thread_id: str, target_thread_id: str) -> None:
        """Copy a thread with all its checkpoints; values are shared, what the target has stays."""
        self._run(Checkpoints.copy_thread.plan(self._calls, source_thread_id, target_thread_id))

    async def acopy_thread(self, source_thread_id: str, target_thread_id: str) -> None:
        """Copy as `copy_thread`."""
        await self._arun(Checkpoints.copy_thread.plan(self._calls, source_thread_id, target_thread_id))

    def prune(self, thread_ids: Sequence[str], *, strategy: str = "keep_latest") -> None:
        """Remove checkpoints of threads.

        Args:
            thread_ids: the threads.
            strategy: ``keep_latest`` keeps the latest of each namespace and what its delta channels need of
                ancestors; a subgraph's call goes with the root checkpoint that it started from. ``delete``
                removes all.

        Raises:
            pylayer.InvalidInput: ``invalid_strategy``.
        """
        self._run(self._prune(thread_ids, strategy))

    async def aprune(self, thread_ids: Sequence[str], *, strategy: str = "keep_latest") -> None:
        """Remove as `prune`."""
        await self._arun(self._prune(thread_ids, strategy))

    def get_next_version(self, current: Any, channel: None) -> Any:
        """Return the next version of a channel: an integer; after another saver's text, a text."""
        following = int(str(current or 0).partition(".")[0]) + 1
        return f"{following:032}.0" if isinstance(current, str) else following

    def _run(self, plan: Plan[T]) -> T:
        return run(self._client, plan)

    async def _arun(self, plan: Plan[T]) -> T:
        return await run_async(self._client, plan)

    def _get(self, config: RunnableConfig) -> Plan[CheckpointTuple | None]:
        page = yield from Checkpoints.page.plan(
            self._calls,
            thread_id=thread_id_of(config),
            checkpoint_ns=namespace_of(config),
            checkpoint_id=checkpoint_id_of(config),
            limit=1,
        )
        if not page.checkpoints:
            return None
        unpacker = Unpacker(self.serde, page.blobs, page.data)
        self._known.add(unpacker.keys())
        return tuple_of(page.checkpoints[0], unpacker)

    def _page(
        self,
        config: RunnableConfig | None,
        filter: dict[str, Any] | None,
        before: RunnableConfig | None,
        limit: int | None,
        after: Sequence[Any] | None,
    ) -> Plan[tuple[Sequence[CheckpointTuple], Sequence[Any] | None]]:
        size = _PAGE if limit is None else min(limit, _PAGE)
        page = yield from Checkpoints.page.plan(
            self._calls,
            thread_id=None if config is None else thread_id_of(config),
            checkpoint_ns=None if config is None else configurable(config).get("checkpoint_ns"),
            checkpoint_id=None if config is None else checkpoint_id_of(config),
            filter=filter or None,
            before=None if before is None else checkpoint_id_of(before),
            after=after,
            limit=size,
        )
        unpacker = Unpacker(self.serde, page.blobs, page.data)
        last = page.checkpoints[-1].cursor if len(page.checkpoints) == size else None
        return [tuple_of(stored, unpacker) for stored in page.checkpoints], last

    def _history(
        self, config: RunnableConfig, channels: Sequence[str]
    ) -> Plan[Mapping[str, DeltaChannelHistory]]:
        if not channels:
            return {}
        found: DeltaHistory = yield from Checkpoints.delta_history.plan(
            self._calls,
            thread_id=thread_id_of(config),
            checkpoint_ns=namespace_of(config),
            checkpoint_id=checkpoint_id_of(config),
            channels=channels,
        )
        unpacker = Unpacker(self.serde, found.blobs, found.data)
        return {name: history_of(name, found.channels.get(name, {}), unpacker) for name in channels}

    def _put(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> Plan[RunnableConfig]:
        parent = checkpoint_id_of(config)
        values = checkpoint["channel_values"]
        for whole in (False, True):
            packer = Packer(self.serde)
            stored = yield from Checkpoints.put.plan(
                self._calls,
                thread_id=thread_id_of(config),
                checkpoint_ns=namespace_of(config),
                checkpoint_id=checkpoint["id"],
                parent_checkpoint_id=parent,
                checkpoint={k: v for k, v in checkpoint.items() if k not in ("id", "channel_values")},
                metadata=get_serializable_checkpoint_metadata(config, metadata),
                channel_values={
                    name: packer.pack(value) if whole or not parent or name in new_versions else None
                    for name, value in values.items()
                },
                blobs=packer.blobs(None if whole else self._known),
            )
            if stored:
                break
        self._known.add(packer.keys)
        return config_of(thread_id_of(config), namespace_of(config), checkpoint["id"])

    def _put_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str
    ) -> Plan[None]:
        packer = Packer(self.serde)
        numbered = {WRITES_IDX_MAP.get(name, nth): (name, value) for nth, (name, value) in enumerate(writes)}
        values = {nth: packer.pack(value) for nth, (_, value) in numbered.items()}
        for known in (self._known, None):
            stored = yield from Checkpoints.put_writes.plan(
                self._calls,
                thread_id=thread_id_of(config),
                checkpoint_ns=namespace_of(config),
                checkpoint_id=configurable(config)["checkpoint_id"],
                task_id=task_id,
                task_path=task_path,
                writes={nth: name for nth, (name, _) in numbered.items()},
                values=values,
                blobs=packer.blobs(known),
            )
            if stored:
                break
        self._known.add(packer.keys)

    def _prune(self, thread_ids: Sequence[str], strategy: str) -> Plan[Pruned]:
        if strategy not in _STRATEGIES:
            raise InvalidInput("no such strategy", reason="invalid_strategy", detail=strategy)
        if strategy == "delete":
            return (yield from Checkpoints.delete_threads.plan(self._calls, thread_ids))
        return (yield from Checkpoints.prune.plan(self._calls, thread_ids))


def _migrated(database_url: str) -> PylayerError | None:
    """Migrate, and return why that was refused."""
    from pylayer.migrate import migrate  # only here: graphs that run need none of it

    try:
        migrate(database_url)
    except (Forbidden, InvalidInput) as refused:
        return refused
    return None
