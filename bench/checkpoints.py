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
    lengths = {5: 20, 50: 2} if quick else {5: 40, 50: 4, 500: 1}
    return [result for turns, threads in lengths.items() for result in _measure(settings, turns, threads)]


def _measure(settings: Settings, turns: int, threads: int) -> list[Result]:
    """Measure conversations of some turns, one after the other, in a database of their own."""
    with (
        fresh_database(settings) as url,
        connect(url, settings=settings) as client,
        PostgresSaver.from_conn_string(url) as peer,
    ):
        peer.setup()
        savers: dict[str, BaseCheckpointSaver[Any]] = {"ours": PylayerSaver(client), "peer": peer}
        recorded = {name: _conversations(saver, turns, threads) for name, saver in savers.items()}
        written = sum(len(turn) - 1 for turn in recorded["ours"]) / len(recorded["ours"])
        waiting = {name: iter(found) for name, found in recorded.items()}
        replayed = interleave(
            [
                Case(
                    name,
                    lambda turn, saver=saver: _replay(turn, saver),
                    lambda name=name: next(waiting[name]),
                )
                for name, saver in savers.items()
            ],
            turns * threads,
            warm_up=0,
        )
        read = interleave(
            [
                Case(name, lambda _, saver=saver: saver.get_tuple(_config(0)))
                for name, saver in savers.items()
            ],
            100,
        )
        said = f"of {threads} conversations" if threads > 1 else "of a conversation"
        return [
            _speed(f"writes and reads {said} of {turns} turns", "writes/s", replayed, written),
            _speed(f"reading the state after {turns} turns", "reads/s", read, 1),
            _bytes(f"tables and indexes {said} of {turns} turns", url),
        ]


def _conversations(saver: BaseCheckpointSaver[Any], turns: int, threads: int) -> list[_Turn]:
    return [turn for thread in range(threads) for turn in _conversation(saver, turns, thread)]


def _conversation(saver: BaseCheckpointSaver[Any], turns: int, thread: int) -> Sequence[_Turn]:
    draw = random.Random(thread)

    def text() -> str:
        return " ".join(draw.choices(_WORDS, k=60))

    recorder = _Recorder(saver)
    graph = StateGraph(MessagesState)
    graph.add_node("model", lambda _: {"messages": [AIMessage(text(), id=f"a{draw.random()}")]})
    graph.add_edge(START, "model")
    compiled = graph.compile(checkpointer=recorder)
    for _ in range(turns):
        recorder.turns.append([lambda saver: saver.get_tuple(_config(thread))])
        question = HumanMessage(text(), id=f"h{draw.random()}")
        compiled.invoke({"messages": [question]}, _config(thread))
    return recorder.turns


def _config(thread: int) -> Any:
    return {"configurable": {"thread_id": f"t{thread}", "checkpoint_ns": ""}}


def _replay(turn: _Turn, saver: BaseCheckpointSaver[Any]) -> None:
    for call in turn:
        call(saver)


def _speed(name: str, unit: str, found: dict[str, Timing], calls: float) -> Result:
    ours, peer = (found[key] for key in ("ours", "peer"))
    return Result(
        name=name,
        value=calls * len(ours.seconds) / sum(ours.seconds),
        unit=unit,
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
        name=name,
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
