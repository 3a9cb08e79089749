"""What nodes emit finds its run, item, workflow and role by itself, and nobody else does."""

from __future__ import annotations

import asyncio
import operator
import threading
from typing import Annotated, Any, TypedDict

import pytest
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.func import entrypoint, task
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode
from langgraph.types import Command, interrupt

from pylayer import emit_item_state_changed, run_context
from pylayer.events import bind, current_context
from pylayer.events.context import RunContext
from pylayer.langgraph import instrument
from tests.graphs.support import WAYS, Recorder, Way


class State(TypedDict, total=False):
    found: Annotated[list[RunContext], operator.add]


def look(state: State) -> State:
    return {"found": [current_context()]}


async def alook(state: State) -> State:
    await asyncio.sleep(0)
    return {"found": [current_context()]}


RUN = {"configurable": {"run_id": "r"}}


def context(role: str | None = "dev") -> RunContext:
    return RunContext("r", "I-1", "flow", role, None)


def one(node: Any, recorder: Recorder, **options: Any) -> Any:
    graph = StateGraph(State).add_node("node", node, **options).add_edge(START, "node").compile()
    return instrument(graph, workflow_name="flow", agent_role="dev", item_id="I-1", emitter=recorder)


def test_nodes_of_each_kind(way: Way, recorder: Recorder) -> None:
    found: list[RunContext] = []

    def note(state: State) -> State:
        found.append(current_context())
        return {}

    way(one(note, recorder), {}, RUN)
    assert found == [context()]


@pytest.mark.parametrize("name", ["ainvoke", "astream", "abatch", "astream_events"])
def test_asynchronous_nodes(name: str, recorder: Recorder) -> None:
    found: list[RunContext] = []

    async def note(state: State) -> State:
        await asyncio.sleep(0)
        found.append(current_context())
        found.append(await asyncio.to_thread(current_context))
        found.append(await asyncio.create_task(_acontext()))
        return {}

    WAYS[name](one(note, recorder), {}, RUN)
    assert found == [context()] * 3


async def _acontext() -> RunContext:
    return current_context()


def test_states_emitted_by_nodes(way: Way, recorder: Recorder) -> None:
    def review(state: State) -> State:
        emit_item_state_changed(item_type="story", from_state="open", to_state="in_review", emitter=recorder)
        return {}

    way(one(review, recorder), {}, RUN)
    (event,) = [event for event in recorder.states if event.payload["item_type"] == "story"]
    assert (event.run_id, event.item_id, event.workflow_name, event.agent_role) == ("r", "I-1", "flow", "dev")


def test_roles_of_nodes_and_what_is_inside(recorder: Recorder) -> None:
    inner = StateGraph(State).add_node("deep", look).add_node("deeper", alook, metadata={"agent_role": "own"})
    inner.add_edge(START, "deep").add_edge("deep", "deeper")
    graph = (
        StateGraph(State).add_node("plain", look).add_node("named", alook, metadata={"agent_role": "named"})
    )
    graph.add_node("inner", inner.compile(), metadata={"agent_role": "team"})
    graph.add_edge(START, "plain").add_edge("plain", "named").add_edge("named", "inner")
    compiled = instrument(graph.compile(), agent_role="dev", emitter=recorder)
    asyncio.run(compiled.ainvoke({"found": []}))
    roles = {"plain": "dev", "named": "named", "deep": "team", "deeper": "own", "inner": "team"}
    assert {event.payload["step_name"]: event.agent_role for event in recorder.steps} == roles


def test_parallel_branches_see_their_own(way: Way, recorder: Recorder) -> None:
    roles = [f"role {number}" for number in range(5)]
    found: dict[str, str | None] = {}

    def node(role: str) -> Any:
        def note(state: State) -> State:
            barrier.wait()
            found[role] = current_context().agent_role
            return {}

        return note

    barrier = threading.Barrier(len(roles), timeout=30)
    graph = StateGraph(State)
    for role in roles:
        graph.add_node(role, node(role), metadata={"agent_role": role}).add_edge(START, role)
    way(instrument(graph.compile(), emitter=recorder), {})
    assert found == {role: role for role in roles}


def test_tools(way: Way, recorder: Recorder) -> None:
    found: list[RunContext] = []

    @tool
    def note(text: str) -> str:
        """Note the context."""
        found.append(current_context())
        return text

    call = AIMessage("", tool_calls=[{"name": "note", "args": {"text": "x"}, "id": f"{n}"} for n in range(2)])
    graph = StateGraph(MessagesState).add_node("tools", ToolNode([note])).add_edge(START, "tools").compile()
    way(
        instrument(graph, workflow_name="flow", item_id="I-1", emitter=recorder),
        {"messages": [HumanMessage("hi"), call]},
        RUN,
    )
    assert found == [context(None)] * 2


def test_conditional_edges(way: Way, recorder: Recorder) -> None:
    found: list[RunContext] = []

    def choose(state: State) -> str:
        found.append(current_context())
        return "__end__"

    graph = StateGraph(State).add_node("node", look).add_edge(START, "node")
    graph.add_conditional_edges("node", choose, ["__end__"])
    way(
        instrument(graph.compile(), workflow_name="flow", item_id="I-1", emitter=recorder), {"found": []}, RUN
    )
    assert found == [context(None)]


def test_tasks_of_the_functional_api(recorder: Recorder) -> None:
    @task
    def inner() -> RunContext:
        return current_context()

    @entrypoint()
    def main(given: str) -> list[RunContext]:
        with run_context(item_id="I-1"):
            nested = inner()
        return [current_context(), inner().result(), nested.result()]

    graph = instrument(main, workflow_name="flow", emitter=recorder)
    bare = RunContext("r", None, "flow")
    assert graph.invoke("x", RUN) == [bare, bare, RunContext("r", "I-1", "flow")]


def test_a_run_context_in_a_node_goes_first(way: Way, recorder: Recorder) -> None:
    found: list[RunContext] = []

    def note(state: State) -> State:
        found.append(current_context())
        return {}

    inner = StateGraph(State).add_node("inner", note).add_edge(START, "inner").compile()

    def node(state: State) -> State:
        with run_context(item_id="I-2", agent_role="other"):
            found.append(current_context())
            inner.invoke({})
        found.append(current_context())
        return {}

    with run_context(item_id="I-0", agent_role="caller"):
        way(one(node, recorder), {}, RUN)
    other = RunContext("r", "I-2", "flow", "other")
    assert found == [other, other, context()]
    assert [(event.item_id, event.agent_role) for event in recorder.steps] == [
        ("I-2", "other"),
        ("I-1", "dev"),
    ]


def test_threads_of_a_node(recorder: Recorder) -> None:
    found: list[RunContext] = []

    def node(state: State) -> State:
        for function in (current_context, bind(current_context)):
            thread = threading.Thread(target=lambda call=function: found.append(call()))
            thread.start()
            thread.join()
        return {}

    one(node, recorder).invoke({}, RUN)
    assert found == [RunContext(), context()]


def test_the_caller_sees_nothing(recorder: Recorder) -> None:
    graph = one(look, recorder)

    async def acall() -> None:
        assert len((await graph.ainvoke({"found": []}, RUN))["found"]) == 1
        assert current_context() == RunContext()
        async for _ in graph.astream({"found": []}, RUN):
            assert current_context() == RunContext()
        assert current_context() == RunContext()

    for _ in graph.stream({"found": []}, RUN, stream_mode=["updates", "values", "debug"]):
        assert current_context() == RunContext()
    asyncio.run(acall())
    with run_context(run_id="mine"):
        graph.invoke({"found": []})
        assert current_context() == RunContext(run_id="mine")


def test_a_failed_node_leaves_nothing(recorder: Recorder) -> None:
    def broken(state: State) -> State:
        raise ConnectionError

    async def acall() -> None:
        with pytest.raises(ConnectionError):
            await one(broken, recorder).ainvoke({})
        assert current_context() == RunContext()

    with pytest.raises(ConnectionError):
        one(broken, recorder).invoke({})
    assert current_context() == RunContext()
    asyncio.run(acall())


def test_after_a_resumption(way: Way, recorder: Recorder) -> None:
    found: list[RunContext] = []

    def ask(state: State) -> State:
        interrupt("sure?")
        found.append(current_context())
        return {}

    graph = StateGraph(State).add_node("ask", ask).add_edge(START, "ask")
    compiled = instrument(graph.compile(checkpointer=InMemorySaver()), emitter=recorder)
    thread = {"configurable": {"thread_id": "t"}}
    way(compiled, {}, thread)
    way(compiled, Command(resume=1), thread)
    assert [context.run_id for context in found] == [recorder.events[0].run_id]


def test_what_a_node_leaves_behind_still_belongs_to_it(recorder: Recorder) -> None:
    async def call() -> RunContext:
        late: list[asyncio.Task[RunContext]] = []
        ended = asyncio.Event()

        async def after_the_end() -> RunContext:
            await ended.wait()
            return current_context()

        async def node(state: State) -> State:
            late.append(asyncio.create_task(after_the_end()))
            return {}

        await one(node, recorder).ainvoke({}, RUN)
        ended.set()
        return await late[0]

    assert asyncio.run(call()) == context()
