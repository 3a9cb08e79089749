"""Delta channels: what they are rebuilt of, and that pruning never takes it."""

from __future__ import annotations

import asyncio
import operator
from typing import Annotated, Any, TypedDict

import pytest
from langgraph.channels.delta import DeltaChannel
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import START, StateGraph
from psycopg import Connection

import pylayer
from pylayer.langgraph import PylayerSaver
from pylayer.maintenance import maintain
from tests.checkpoints.support import config, dangling

pytestmark = pytest.mark.filterwarnings("ignore:.*[Bb]eta.*")


def _add(current: list[str], writes: list[list[str]]) -> list[str]:
    return current + [element for write in writes for element in write]


class State(TypedDict):
    said: Annotated[list[str], DeltaChannel(_add, snapshot_frequency=5)]
    plain: Annotated[list[str], operator.add]


def graph(saver: PylayerSaver) -> Any:
    def say(word: str) -> Any:
        return lambda state: {"said": [f"{word}{len(state['said'])}" + "x" * 100], "plain": [word]}

    built = StateGraph(State)
    for word in ("a", "b", "c"):
        built.add_node(word, say(word))
        built.add_edge(START, word)
    return built.compile(checkpointer=saver)


def said(saver: PylayerSaver) -> Any:
    found = graph(saver).get_state(config()).values
    return found["said"], found["plain"]


def talk(saver: PylayerSaver, turns: int) -> None:
    for n in range(turns):
        graph(saver).invoke({"said": [f"turn {n}"], "plain": ["you"]}, config())


@pytest.mark.parametrize("turns", range(1, 9))
def test_history_is_that_of_a_walk_by_single_reads(turns: int, saver: PylayerSaver) -> None:
    talk(saver, turns)
    for found in saver.list(config()):
        wanted = {"config": found.config, "channels": ["said", "plain", "none"]}
        assert saver.get_delta_channel_history(**wanted) == (
            BaseCheckpointSaver.get_delta_channel_history(saver, **wanted)
        )
    assert saver.get_delta_channel_history(config=config(), channels=[]) == {}


def test_history_asynchronously(saver: PylayerSaver) -> None:
    talk(saver, 2)
    wanted: Any = {"config": config(), "channels": ["said"]}
    assert asyncio.run(saver.aget_delta_channel_history(**wanted)) == saver.get_delta_channel_history(
        **wanted
    )


@pytest.mark.parametrize("turns", range(1, 9))
def test_pruning_keeps_what_a_delta_needs(turns: int, saver: PylayerSaver, conn: Connection[Any]) -> None:
    talk(saver, turns)
    before, stored = said(saver), len(list(saver.list(config())))
    assert len(before[0]) == 4 * turns
    saver.prune(["t"])
    assert said(saver) == before
    assert len(list(saver.list(config()))) < stored or turns < 3  # all is needed until the first snapshot
    talk(saver, 1)
    assert said(saver)[0][: 4 * turns] == before[0]
    assert len(said(saver)[0]) == 4 * (turns + 1)
    assert dangling(conn) == 0


def test_retention_keeps_what_a_delta_needs(
    saver: PylayerSaver, client: pylayer.Client, conn: Connection[Any]
) -> None:
    talk(saver, 7)
    before = said(saver)
    conn.execute("update core.settings set checkpoint_keep_last = 2")
    [report] = [report for report in maintain(client) if report.task == "checkpoints"]
    assert report.ok
    assert report.done["checkpoints"] > 0
    assert said(saver) == before
    [again] = [report for report in maintain(client) if report.task == "checkpoints"]
    assert again.done == {"checkpoints": 0, "values": 0}
    assert dangling(conn) == 0


def test_a_copy_has_its_whole_chain(saver: PylayerSaver) -> None:
    talk(saver, 4)
    saver.copy_thread("t", "u")
    before = said(saver)
    saver.delete_thread("t")
    found = graph(saver).get_state(config("u")).values
    assert (found["said"], found["plain"]) == before
