"""Checkpoints: bytes and writes per second of a conversation, beside langgraph-checkpoint-postgres."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from langchain_core.messages import AIMessage, HumanMessage
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.postgres import PostgresSaver
from langgraph.graph import START, MessagesState, StateGraph

from bench.environment import connection, fresh_database
from bench.results import Result
from bench.timing import Case, Timing, interleave
from pylayer.client import connect
from pylayer.config import Settings
from pylayer.langgraph import PylayerSaver

__all__ = ["measure"]

_PEER = "langgraph-checkpoint-postgres"
_OURS = ("checkpoint_threads", "checkpoint_blobs", "checkpoint_blob_uses", "checkpoints", "checkpoint_writes")
_THEIRS = ("checkpoints", "checkpoint_blobs", "checkpoint_writes")
_WORDS = ("the", "state", "of", "an", "agent", "is", "what", "it", "was", "told", "and", "said", "so", "far")
_Turn = list[Callable[[BaseCheckpointSaver[Any]], object]]


@dataclass
class _Recorder(InMemorySaver):
    """Keeps the calls that a graph makes of its saver, turn by turn."""

    versions: BaseCheckpointSaver[Any]
    turns: list[_Turn] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def put(self, *given: Any) -> Any:
        self.turns[-1].append(lambda saver: saver.put(*given))
        return super().put(*given)

    def put_writes(self, *given: Any) -> None:
        self.turns[-1].append(lambda saver: saver.put_writes(*given))
        super().put_writes(*given)

    def get_next_version(self, current: Any, channel: None) -> Any:
        return self.versions.get_next_version(current, channel)


def measure(settings: Settings, *, quick: bool) -> list[Result]:
    """Replay what a graph of one node stores, on both savers turn by turn, reading as the graph does."""
    count = 50 if quick else 500
    with (
        fresh_database(settings) as url,
        connect(url, settings=settings) as client,
        PostgresSaver.from_conn_string(url) as peer,
    ):
        peer.setup()
        savers: dict[str, BaseCheckpointSaver[Any]] = {"ours": PylayerSaver(client), "peer": peer}
        turns = {name: iter(_conversation(saver, count)) for name, saver in savers.items()}
        written = sum(len(turn) for turn in _conversation(savers["ours"], count)) / count
        found = interleave(
            [
                Case(
                    name, lambda turn, saver=saver: _replay(turn, saver), lambda name=name: next(turns[name])
                )
                for name, saver in savers.items()
            ],
            count,
            warm_up=0,
        )
        return [
            _speed(f"writes and reads of a conversation of {count} turns", found, written),
            _bytes(f"a conversation of {count} turns", url),
        ]


def _conversation(saver: BaseCheckpointSaver[Any], count: int) -> Sequence[_Turn]:
    draw = random.Random(0)

    def text() -> str:
        return " ".join(draw.choices(_WORDS, k=60))

    recorder = _Recorder(saver)
    graph = StateGraph(MessagesState)
    graph.add_node("model", lambda _: {"messages": [AIMessage(text(), id=f"a{draw.random()}")]})
    graph.add_edge(START, "model")
    compiled = graph.compile(checkpointer=recorder)
    for _ in range(count):
        recorder.turns.append([])
        question = HumanMessage(text(), id=f"h{draw.random()}")
        compiled.invoke({"messages": [question]}, _config())
    return recorder.turns


def _config() -> Any:
    return {"configurable": {"thread_id": "t", "checkpoint_ns": ""}}


def _replay(turn: _Turn, saver: BaseCheckpointSaver[Any]) -> None:
    saver.get_tuple(_config())
    for store in turn:
        store(saver)


def _speed(name: str, found: dict[str, Timing], calls: float) -> Result:
    ours, peer = (found[key] for key in ("ours", "peer"))
    return Result(
        name=name,
        value=calls * len(ours.seconds) / sum(ours.seconds),
        unit="writes/s",
        repetitions=len(ours.seconds),
        noise=ours.spread,
        compared_with=_PEER,
        reference=calls * len(peer.seconds) / sum(peer.seconds),
        ratio=sum(peer.seconds) / sum(ours.seconds),
        target=1.0,
    )


def _bytes(name: str, url: str) -> Result:
    with connection(url) as server:
        ours, peer = (
            sum(_size(server, f"{schema}.{table}") for table in tables)
            for schema, tables in (("work", _OURS), ("public", _THEIRS))
        )
    return Result(
        name=f"{name}, tables and indexes",
        value=ours,
        unit="bytes",
        repetitions=1,
        noise=0.0,
        compared_with=_PEER,
        reference=peer,
        ratio=ours / peer,
        target=0.5,
        relation="at most",
    )


def _size(server: Any, table: str) -> int:
    (size,) = server.execute("select pg_total_relation_size(%s::regclass)", (table,)).fetchone()
    return size
