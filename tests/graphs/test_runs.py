"""Every run has a run_id and an outcome; a resumption goes on under the same one."""

from __future__ import annotations

import asyncio
import doctest
import operator
from contextlib import aclosing
from typing import Annotated, Any, TypedDict

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, StateGraph
from langgraph.runtime import RunControl
from langgraph.types import Command, interrupt
from ulid import ULID

from pylayer import InvalidInput, run_context
from pylayer.langgraph import instrument, pauses
from tests.graphs.support import WAYS, Model, Recorder, Way, outcome


class State(TypedDict, total=False):
    seen: Annotated[list[str], operator.add]


THREAD = {"configurable": {"thread_id": "t"}}
RUN = [(None, "running"), ("running", "completed")]


def chain(*nodes: Any, **options: Any) -> Any:
    graph = StateGraph(State)
    for number, node in enumerate(nodes):
        graph.add_node(f"node_{number}", node)
        graph.add_edge(f"node_{number - 1}" if number else START, f"node_{number}")
    return graph.compile(**options)


def says(word: str) -> Any:
    return lambda state: {"seen": [word]}


def asks(state: State) -> State:
    return {"seen": [interrupt("sure?")]}


def run_ids(recorder: Recorder) -> set[str | None]:
    return {event.run_id for event in recorder.events}


def test_a_run_id_of_its_own(way: Way, recorder: Recorder) -> None:
    graph = instrument(chain(says("a"), name="named"), item_id="INFR-1", agent_role="dev", emitter=recorder)
    way(graph, {})
    way(graph, {})
    first, second = recorder.events[0].run_id, recorder.events[-1].run_id
    assert first != second
    assert first is not None
    ULID.from_str(first)
    assert [event.item_id for event in recorder.events] == [first, "INFR-1", first, second, "INFR-1", second]
    assert {event.workflow_name for event in recorder.events} == {"named"}
    assert {event.agent_role for event in recorder.events} == {"dev"}
    assert recorder.changes() == RUN + RUN
    assert {event.payload["item_type"] for event in recorder.states} == {"workflow_run"}
    times = [event.ts for event in recorder.events]
    assert times == sorted(time for time in times if time)


@pytest.mark.parametrize("given", [{"configurable": {"run_id": "r"}}, {"metadata": {"run_id": "r"}}])
def test_a_run_id_in_the_config(given: Any, way: Way, recorder: Recorder) -> None:
    way(instrument(chain(says("a")), emitter=recorder), {}, given)
    assert run_ids(recorder) == {"r"}
    assert recorder.changes() == RUN


def test_a_run_context_around_goes_first(way: Way, recorder: Recorder) -> None:
    graph = instrument(chain(says("a")), workflow_name="mine", emitter=recorder)
    with run_context(run_id="outer", item_id="I-1", workflow_name="theirs", agent_role="dev", project_id="P"):
        way(graph, {}, {"configurable": {"run_id": "other"}})
    assert run_ids(recorder) == {"outer"}
    (step,) = recorder.steps
    assert (step.item_id, step.workflow_name, step.agent_role, step.project_id) == ("I-1", "mine", "dev", "P")


def test_interrupts_emit_nothing_and_a_resumption_goes_on(way: Way, recorder: Recorder) -> None:
    def think_and_ask(state: State) -> State:
        Model().invoke("what to ask?")
        return {"seen": [interrupt("sure?")]}

    plain = chain(says("a"), think_and_ask, asks, says("b"), checkpointer=InMemorySaver())
    graph = instrument(plain, emitter=recorder)
    way(graph, {}, THREAD)
    seen = len(recorder.events)
    assert seen == 2  # running, node_0
    way(graph, Command(resume="yes"), THREAD)
    assert [event.payload["step_name"] for event in recorder.steps] == ["node_0", "node_1"]
    way(instrument(plain, emitter=recorder), Command(resume="yes"), THREAD)
    assert [event.payload["step_name"] for event in recorder.steps] == [f"node_{n}" for n in range(4)]
    assert len(run_ids(recorder)) == 1
    assert recorder.changes() == RUN
    assert recorder.states[-1].payload["usage_outside_steps"]["input_tokens"] == 1000
    way(graph, {}, THREAD)
    assert len(run_ids(recorder)) == 2


@pytest.mark.parametrize("point", [{"interrupt_before": ["node_1"]}, {"interrupt_after": ["node_0"]}])
def test_a_breakpoint(point: dict[str, list[str]], way: Way, recorder: Recorder) -> None:
    graph = instrument(chain(says("a"), says("b"), checkpointer=InMemorySaver(), **point), emitter=recorder)
    way(graph, {}, THREAD)
    assert recorder.changes() == [(None, "running")]
    way(graph, None, THREAD)
    assert recorder.changes() == RUN
    assert len(run_ids(recorder)) == 1
    assert len(recorder.steps) == 2


def test_an_interrupt_in_a_subgraph(way: Way, recorder: Recorder) -> None:
    inner = chain(says("in"), asks)
    graph = instrument(chain(inner, says("out"), checkpointer=InMemorySaver()), emitter=recorder)
    way(graph, {}, THREAD)
    assert recorder.changes() == [(None, "running")]
    assert [event.payload["step_name"] for event in recorder.steps] == ["node_0"]
    way(graph, Command(resume="yes"), THREAD)
    assert recorder.changes() == RUN
    assert [event.payload["step_name"] for event in recorder.steps] == [
        "node_0",
        "node_1",
        "node_0",
        "node_1",
    ]
    assert len(run_ids(recorder)) == 1


def test_an_instrumented_graph_in_one_that_is_not(way: Way, recorder: Recorder) -> None:
    inner = instrument(chain(says("in"), asks, name="inner"), emitter=recorder)
    graph = chain(inner, says("out"), checkpointer=InMemorySaver())
    way(graph, {}, THREAD)
    way(graph, Command(resume="yes"), THREAD)
    assert [event.payload["step_name"] for event in recorder.steps] == ["node_0", "node_1"]
    assert recorder.changes() == RUN
    assert len(run_ids(recorder)) == 1


def test_a_command_that_leaves_the_instrumented_graph_completes_it(way: Way, recorder: Recorder) -> None:
    inner = chain(lambda state: Command(graph=Command.PARENT, goto="node_1"))
    graph = StateGraph(State).add_node(
        "node_0", instrument(inner, emitter=recorder), destinations=("node_1",)
    )
    graph.add_node("node_1", says("out")).add_edge(START, "node_0")
    way(graph.compile(), {})
    assert recorder.steps == []
    assert recorder.changes() == RUN


def test_a_resumption_in_another_process(recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    graph = instrument(chain(says("a"), asks, checkpointer=InMemorySaver()), emitter=recorder)
    named = {"configurable": {"thread_id": "t", "run_id": "r"}}
    graph.invoke({}, named)
    monkeypatch.setattr(pauses, "_parked", {})
    graph.invoke(Command(resume="yes"), named)
    assert run_ids(recorder) == {"r"}
    assert recorder.changes() == RUN


def test_a_resumption_that_nobody_knows_of_is_a_run(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph = instrument(chain(says("a"), asks, checkpointer=InMemorySaver()), emitter=recorder)
    graph.invoke({}, THREAD)
    monkeypatch.setattr(pauses, "_parked", {})
    graph.invoke(Command(resume="yes"), THREAD)
    assert recorder.changes() == [(None, "running"), *RUN]
    assert len(run_ids(recorder)) == 2


def test_other_threads_graphs_and_run_ids_are_no_resumption(recorder: Recorder) -> None:
    saver = InMemorySaver()
    plain = chain(says("a"), asks, checkpointer=saver)
    graph = instrument(plain, emitter=recorder)
    graph.invoke({}, THREAD)
    graph.invoke({}, {"configurable": {"thread_id": "u"}})
    instrument(plain, workflow_name="other", emitter=recorder).invoke(Command(resume="yes"), THREAD)
    assert len(run_ids(recorder)) == 3
    graph.invoke(Command(resume="yes"), {"configurable": {"thread_id": "u", "run_id": "new"}})
    assert "new" in run_ids(recorder)


def test_new_input_is_a_new_run(recorder: Recorder) -> None:
    graph = instrument(chain(asks, checkpointer=InMemorySaver()), emitter=recorder)
    graph.invoke({}, THREAD)
    graph.invoke({}, THREAD)
    assert recorder.changes() == [(None, "running")] * 2
    assert len(run_ids(recorder)) == 2


def test_new_input_ends_the_wait_of_a_thread(way: Way, recorder: Recorder) -> None:
    def asks_once(state: State) -> State:
        return {} if state.get("seen") else {"seen": [interrupt("sure?")]}

    graph = instrument(chain(asks_once, checkpointer=InMemorySaver()), emitter=recorder)
    way(graph, {}, THREAD)
    way(graph, {"seen": ["new"]}, THREAD)
    way(graph, None, THREAD)
    waited = recorder.events[0].run_id
    assert [event.run_id for event in recorder.states].count(waited) == 1


def test_interrupted_runs_are_kept_to_a_limit(recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pauses, "_MOST", 2)
    monkeypatch.setattr(pauses, "_parked", {})
    graph = instrument(chain(asks, checkpointer=InMemorySaver()), emitter=recorder)
    for number in range(4):
        graph.invoke({}, {"configurable": {"thread_id": str(number)}})
    assert [place[1] for place in pauses._parked] == ["2", "3"]
    graph.invoke(Command(resume="yes"), {"configurable": {"thread_id": "3"}})
    assert [place[1] for place in pauses._parked] == ["2"]


def test_a_drained_run_waits_to_be_resumed(recorder: Recorder) -> None:
    control = RunControl()

    def drain(state: State) -> State:
        control.request_drain("deploy")
        return {}

    graph = instrument(chain(drain, says("b"), checkpointer=InMemorySaver()), emitter=recorder)
    outcome(lambda: graph.invoke({}, THREAD, control=control))
    assert recorder.changes() == [(None, "running")]
    graph.invoke(None, THREAD)
    assert recorder.changes() == RUN
    assert len(run_ids(recorder)) == 1


def test_a_recursion_limit_fails_the_run(way: Way, recorder: Recorder) -> None:
    graph = StateGraph(State).add_node("again", says("a")).add_edge(START, "again")
    graph.add_edge("again", "again")
    outcome(lambda: way(instrument(graph.compile(), emitter=recorder), {}, {"recursion_limit": 3}))
    assert len(recorder.steps) == 3
    assert recorder.changes()[-1] == ("running", "failed")
    assert recorder.states[-1].payload["reason"].startswith("GraphRecursionError: ")


def test_an_abandoned_stream_is_cancelled(recorder: Recorder) -> None:
    graph = instrument(chain(says("a"), says("b")), emitter=recorder)
    stream = graph.stream({}, stream_mode="updates")
    assert next(stream) == {"node_0": {"seen": ["a"]}}
    stream.close()
    assert recorder.attempts() == {("node_0", "succeeded", 0): 1}
    assert recorder.changes() == [(None, "running"), ("running", "cancelled")]


def test_an_abandoned_asynchronous_stream_is_cancelled(recorder: Recorder) -> None:
    graph = instrument(chain(says("a"), says("b")), emitter=recorder)

    async def peek() -> None:
        async with aclosing(graph.astream({}, stream_mode="updates")) as stream:
            async for chunk in stream:
                assert chunk == {"node_0": {"seen": ["a"]}}
                break

    asyncio.run(peek())
    assert recorder.changes() == [(None, "running"), ("running", "cancelled")]


def test_a_cancelled_run(recorder: Recorder) -> None:
    started = asyncio.Event()

    async def wait(state: State) -> State:
        started.set()
        await asyncio.sleep(30)
        return {}

    async def cancel() -> None:
        run = asyncio.ensure_future(instrument(chain(wait), emitter=recorder).ainvoke({}))
        await started.wait()
        run.cancel()
        with pytest.raises(asyncio.CancelledError):
            await run

    asyncio.run(cancel())
    assert recorder.attempts() == {("node_0", "failed", 0): 1}
    assert recorder.steps[0].payload["error"] == "CancelledError"
    assert recorder.changes() == [(None, "running"), ("running", "cancelled")]


def test_what_is_no_compiled_graph_is_refused() -> None:
    with pytest.raises(InvalidInput) as raised:
        instrument(StateGraph(State))  # type: ignore[type-var]
    assert raised.value.reason == "not_a_graph"
    with pytest.raises(InvalidInput) as raised:
        instrument(chain(says("a")), workflow_name="x" * 501)
    assert raised.value.reason == "invalid_field"


def test_ids_of_other_types_and_lengths(recorder: Recorder) -> None:
    run_id = ULID()
    config = {"configurable": {"run_id": run_id, "thread_id": 7}, "metadata": {"agent_role": 5}}
    WAYS["invoke"](instrument(chain(says("a"), name="n" * 600), emitter=recorder), {}, config)
    assert run_ids(recorder) == {str(run_id)}
    assert recorder.steps[0].agent_role == "5"
    assert recorder.steps[0].workflow_name == "n" * 500


def test_the_example_in_the_docstring(recorder: Recorder) -> None:
    names = {
        "StateGraph": StateGraph,
        "START": START,
        "instrument": instrument,
        "emitter": recorder,
        "sent": recorder.events,
    }
    example = doctest.DocTestParser().get_doctest(instrument.__doc__ or "", names, "example", None, None)
    ran = doctest.DocTestRunner().run(example)
    assert (ran.attempted, ran.failed) == (3, 0)
