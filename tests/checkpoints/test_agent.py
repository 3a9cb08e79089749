"""An agent with tools, questions to a person and time travel: all as over LangGraph's own savers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.postgres import PostgresSaver
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode
from langgraph.types import Command, interrupt

import pylayer
from pylayer.config import Settings
from pylayer.langgraph import PylayerSaver
from tests.checkpoints.support import config
from tests.faults.test_pgbouncer import pooled  # noqa: F401 - a fixture

QUESTION = {"messages": [HumanMessage("what is it?", id="h")]}


@tool
def look_up(word: str) -> str:
    """Look a word up."""
    return f"{word} is {interrupt(f'may I look up {word}?')}"


def agent(saver: Any) -> Any:
    """Looks up two words, one after the other, each after a question to a person, then answers."""

    def model(state: MessagesState) -> Any:
        looked_up = sum(isinstance(message, ToolMessage) for message in state["messages"])
        if looked_up == 2:
            return {"messages": [AIMessage("done", id="a2")]}
        call: Any = {"name": "look_up", "args": {"word": "xy"[looked_up]}, "id": "xy"[looked_up]}
        return {"messages": [AIMessage("", id=f"a{looked_up}", tool_calls=[call])]}

    def route(state: MessagesState) -> str:
        return "tools" if getattr(state["messages"][-1], "tool_calls", None) else END

    graph = StateGraph(MessagesState).add_node("model", model).add_node("tools", ToolNode([look_up]))
    graph.add_edge(START, "model").add_conditional_edges("model", route).add_edge("tools", "model")
    return graph.compile(checkpointer=saver)


def told(states: list[Any]) -> list[Any]:
    """What two savers have in common: all but ids and times."""
    return [
        (
            [(message.type, message.content) for message in state.values.get("messages", [])],
            state.next,
            state.metadata["source"],
            state.metadata["step"],
            sorted(asked.value for asked in state.interrupts),
        )
        for state in states
    ]


def story(saver: Any) -> list[Any]:
    graph = agent(saver)
    graph.invoke(QUESTION, config())
    asked = graph.get_state(config())
    graph.invoke(Command(resume="yes"), config())
    graph.invoke(Command(resume="no"), config())
    fork = graph.update_state(asked.config, {"messages": [HumanMessage("quick", id="h2")]}, as_node="tools")
    graph.invoke(None, fork)
    graph.invoke(Command(resume="maybe"), config())
    return told(list(graph.get_state_history(config())))


async def story_async(saver: Any) -> list[Any]:
    graph = agent(saver)
    await graph.ainvoke(QUESTION, config())
    asked = await graph.aget_state(config())
    await graph.ainvoke(Command(resume="yes"), config())
    await graph.ainvoke(Command(resume="no"), config())
    changed = {"messages": [HumanMessage("quick", id="h2")]}
    fork = await graph.aupdate_state(asked.config, changed, as_node="tools")
    await graph.ainvoke(None, fork)
    await graph.ainvoke(Command(resume="maybe"), config())
    return told([state async for state in graph.aget_state_history(config())])


@contextmanager
def over_sync(settings: Settings) -> Iterator[PylayerSaver]:
    with PylayerSaver.from_conn_string(settings.require_database_url(), role="pylayer_agent") as saver:
        yield saver


@asynccontextmanager
async def over_async(settings: Settings) -> AsyncIterator[PylayerSaver]:
    url = settings.require_database_url()
    async with PylayerSaver.from_conn_string_async(url, role="pylayer_agent") as saver:
        yield saver


@pytest.mark.parametrize("where", ["settings", "pooled"])
def test_an_agent(where: str, request: pytest.FixtureRequest) -> None:
    expected = story(InMemorySaver())
    assert len(expected) > 6
    assert any(asked for *_, asked in expected)
    with over_sync(request.getfixturevalue(where)) as saver:
        assert story(saver) == expected


@pytest.mark.parametrize("where", ["settings", "pooled"])
def test_an_agent_asynchronously(where: str, request: pytest.FixtureRequest) -> None:
    async def run() -> list[Any]:
        async with over_async(request.getfixturevalue(where)) as saver:
            return await story_async(saver)

    assert asyncio.run(run()) == story(InMemorySaver())


def test_a_thread_of_another_saver_goes_on(saver: PylayerSaver, dsn: str) -> None:
    """With its versions, which are texts, and with a question that nobody has answered yet."""
    with PostgresSaver.from_conn_string(dsn) as other:
        other.setup()
        agent(other).invoke(QUESTION, config())
        for found in reversed(list(other.list(config()))):
            versions = found.checkpoint["channel_versions"]
            saver.put(found.parent_config or config(), found.checkpoint, found.metadata, versions)
            for task, channel, value in found.pending_writes or []:
                saver.put_writes(found.config, [(channel, value)], task)
    graph = agent(saver)
    graph.invoke(Command(resume="yes"), config())
    graph.invoke(Command(resume="no"), config())
    said = [message.content for message in graph.get_state(config()).values["messages"]]
    assert said == ["what is it?", "", "x is yes", "", "y is no", "done"]


def test_in_a_transaction_of_the_caller(client: pylayer.Client, conn: Any) -> None:
    bound = PylayerSaver(client.using(conn))
    with conn.transaction(force_rollback=True):
        agent(bound).invoke(QUESTION, config())
        assert bound.get_tuple(config())
        assert PylayerSaver(client).get_tuple(config()) is None
    assert bound.get_tuple(config()) is None
