"""Exactly one event an attempt, however the graph is run."""

from __future__ import annotations

import asyncio
import operator
import time
from collections import Counter
from typing import Annotated, Any, TypedDict

import pytest
from langchain_core.runnables import RunnableLambda
from langgraph.cache.memory import InMemoryCache
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.errors import NodeTimeoutError
from langgraph.func import entrypoint, task
from langgraph.graph import START, StateGraph
from langgraph.types import CachePolicy, Command, RetryPolicy, Send, interrupt

from pylayer.langgraph import instrument
from tests.graphs.support import WAYS, Model, Recorder, Way, outcome

RETRY = RetryPolicy(initial_interval=0.001, jitter=False, max_attempts=3, retry_on=ConnectionError)


class State(TypedDict, total=False):
    seen: Annotated[list[str], operator.add]
    number: int


class Failing:
    """A node that fails a number of times in each run of the graph."""

    def __init__(self, times: int, error: type[Exception] = ConnectionError) -> None:
        self.times = times
        self.error = error
        self.calls = 0

    def __call__(self, state: State) -> State:
        self.calls += 1
        if self.calls <= self.times:
            raise self.error(f"try {self.calls}")
        return {"seen": ["flaky"]}


def says(word: str) -> Any:
    return lambda state: {"seen": [word]}


def everything(flaky: Failing) -> Any:
    """A graph with a fan-out, a subgraph, a retry and an interrupt, and models in some of its nodes."""

    def work(state: State) -> State:
        Model().invoke("work")
        return {"seen": [f"work {state['number']}"]}

    def ask(state: State) -> State:
        return {"seen": [interrupt("sure?")]}

    inner = StateGraph(State).add_node("read", work).add_node("write", says("write"))
    inner.add_edge(START, "read").add_edge("read", "write")
    graph = StateGraph(State).add_node("plan", says("plan")).add_node("work", work)
    graph.add_node("inner", inner.compile()).add_node("flaky", flaky, retry_policy=RETRY).add_node("ask", ask)
    graph.add_edge(START, "plan").add_edge("work", "inner").add_edge("inner", "flaky").add_edge(
        "flaky", "ask"
    )
    graph.add_conditional_edges(
        "plan", lambda state: [Send("work", {"number": n}) for n in range(3)], ["work"]
    )
    return graph.compile(checkpointer=InMemorySaver())


def test_every_attempt_once(way: Way, recorder: Recorder) -> None:
    graph = instrument(everything(Failing(2)), emitter=recorder)
    thread = {"configurable": {"thread_id": "t"}}
    before_interrupt = {
        ("plan", "succeeded", 0): 1,
        ("work", "succeeded", 0): 3,
        ("read", "succeeded", 0): 1,
        ("write", "succeeded", 0): 1,
        ("inner", "succeeded", 0): 1,
        ("flaky", "failed", 0): 1,
        ("flaky", "failed", 1): 1,
        ("flaky", "succeeded", 2): 1,
    }
    way(graph, {"number": 9}, thread)
    assert recorder.attempts() == before_interrupt
    assert recorder.changes() == [(None, "running")]
    way(graph, Command(resume="yes"), thread)
    assert recorder.attempts() == Counter(before_interrupt) + Counter({("ask", "succeeded", 0): 1})
    assert recorder.changes() == [(None, "running"), ("running", "completed")]
    assert len({event.run_id for event in recorder.events}) == 1
    with_model = [event.payload["step_name"] for event in recorder.steps if "model" in event.payload]
    assert Counter(with_model) == {"work": 3, "read": 1}
    assert sum(event.payload.get("input_tokens", 0) for event in recorder.steps) == 4 * 1000


def test_a_node_that_fails(way: Way, recorder: Recorder) -> None:
    graph = (
        StateGraph(State).add_node("fine", says("fine")).add_node("broken", Failing(99), retry_policy=RETRY)
    )
    graph.add_edge(START, "fine").add_edge("fine", "broken")
    assert outcome(lambda: way(instrument(graph.compile(), emitter=recorder), {})) == (
        ConnectionError,
        "try 3",
    )
    assert recorder.attempts() == {
        ("fine", "succeeded", 0): 1,
        ("broken", "failed", 0): 1,
        ("broken", "failed", 1): 1,
        ("broken", "failed", 2): 1,
    }
    assert recorder.steps[-1].payload["error"] == "ConnectionError: try 3"
    assert recorder.changes() == [(None, "running"), ("running", "failed")]
    assert recorder.states[-1].payload["reason"] == "ConnectionError: try 3"


def test_a_failing_branch_beside_others(way: Way, recorder: Recorder) -> None:
    async def slow(state: State) -> State:
        await asyncio.sleep(0.05)
        return {"seen": ["slow"]}

    def slow_in_thread(state: State) -> State:
        time.sleep(0.05)
        return {"seen": ["slow"]}

    graph = StateGraph(State).add_node("broken", Failing(99))
    graph.add_node("slow", RunnableLambda(slow_in_thread, afunc=slow))
    graph.add_edge(START, "broken").add_edge(START, "slow")
    assert outcome(lambda: way(instrument(graph.compile(), emitter=recorder), {}))[0] is ConnectionError
    by_name = {event.payload["step_name"]: event.payload for event in recorder.steps}
    assert by_name.keys() == {"broken", "slow"}
    assert len(recorder.steps) == 2
    assert by_name["broken"]["status"] == "failed"
    cancelled = by_name["slow"].get("error") == "CancelledError"
    assert by_name["slow"]["status"] == ("failed" if cancelled else "succeeded")


def test_durations_are_those_of_the_attempts(recorder: Recorder) -> None:
    def slow(state: State) -> State:
        time.sleep(0.03)
        return {}

    graph = StateGraph(State).add_node("slow", slow).add_node("fast", says("fast"))
    graph.add_edge(START, "slow").add_edge("slow", "fast")
    compiled = instrument(graph.compile(), emitter=recorder)
    began = time.perf_counter()
    compiled.invoke({})
    all_ms = (time.perf_counter() - began) * 1000
    slow_ms, fast_ms = (event.payload["duration_ms"] for event in recorder.steps)
    assert slow_ms >= 30
    assert 0 < fast_ms <= all_ms - slow_ms
    assert recorder.states[-1].payload["time_in_state_seconds"] >= 0.03


def test_a_retried_subgraph_has_new_attempts(way: Way, recorder: Recorder) -> None:
    inner = StateGraph(State).add_node("first", says("first")).add_node("flaky", Failing(1))
    inner.add_edge(START, "first").add_edge("first", "flaky")
    graph = StateGraph(State).add_node("inner", inner.compile(), retry_policy=RETRY).add_edge(START, "inner")
    way(instrument(graph.compile(), emitter=recorder), {})
    assert recorder.attempts() == {
        ("first", "succeeded", 0): 2,
        ("flaky", "failed", 0): 1,
        ("inner", "failed", 0): 1,
        ("flaky", "succeeded", 0): 1,
        ("inner", "succeeded", 1): 1,
    }


def test_loops_are_no_retries(way: Way, recorder: Recorder) -> None:
    graph = StateGraph(State).add_node("again", lambda state: {"number": state["number"] + 1})
    graph.add_edge(START, "again")
    graph.add_conditional_edges("again", lambda state: "again" if state["number"] < 4 else "__end__")
    way(instrument(graph.compile(), emitter=recorder), {"number": 0})
    assert recorder.attempts() == {("again", "succeeded", 0): 4}


def test_a_command_to_the_parent_graph_emits_nothing(way: Way, recorder: Recorder) -> None:
    def hand_over(state: State) -> Command[str]:
        Model().invoke("who next?")
        return Command(graph=Command.PARENT, goto="other", update={"seen": ["handed over"]})

    inner = StateGraph(State).add_node("hand_over", hand_over).add_edge(START, "hand_over")
    graph = StateGraph(State).add_node("inner", inner.compile(), destinations=("other",))
    graph.add_node("other", says("other")).add_edge(START, "inner")
    way(instrument(graph.compile(), emitter=recorder), {})
    assert recorder.attempts() == {("other", "succeeded", 0): 1}
    assert recorder.changes() == [(None, "running"), ("running", "completed")]
    assert recorder.states[-1].payload["usage_outside_steps"] == {
        "model": "large",
        "input_tokens": 1000,
        "cached_input_tokens": 400,
        "output_tokens": 100,
        "cost_usd_est": 0.0104,
    }


def test_a_command_within_the_graph_is_a_success(way: Way, recorder: Recorder) -> None:
    graph = StateGraph(State).add_node(
        "first", lambda state: Command(goto="second"), destinations=("second",)
    )
    graph.add_node("second", says("second")).add_edge(START, "first")
    way(instrument(graph.compile(), emitter=recorder), {})
    assert recorder.attempts() == {("first", "succeeded", 0): 1, ("second", "succeeded", 0): 1}


def test_a_branching_entry_and_nested_runnables_are_no_steps(way: Way, recorder: Recorder) -> None:
    chain = RunnableLambda(says("one")).with_config(run_name="two") | RunnableLambda(lambda found: found)
    graph = StateGraph(State).add_node("only", chain)
    graph.add_conditional_edges(START, lambda state: "only", ["only"])
    graph.add_conditional_edges("only", lambda state: "__end__", ["__end__"])
    way(instrument(graph.compile(), emitter=recorder), {})
    assert recorder.attempts() == {("only", "succeeded", 0): 1}


@pytest.mark.parametrize("name", WAYS)
def test_the_functional_api(name: str, recorder: Recorder) -> None:
    flaky = Failing(1)

    @task(retry_policy=RETRY)
    def fetch(number: int) -> int:
        flaky({})
        return number

    @task
    def add(numbers: list[int]) -> int:
        Model().invoke("add")
        return sum(numbers)

    @entrypoint()
    def total(numbers: list[int]) -> int:
        return add([fetch(number).result() for number in numbers]).result()

    @entrypoint()
    async def atotal(numbers: list[int]) -> int:
        return await add([await fetch(number) for number in numbers])

    main = "total" if name in {"invoke", "stream", "batch"} else "atotal"
    graph = instrument(total if main == "total" else atotal, emitter=recorder)
    WAYS[name](graph, [1, 2])
    assert recorder.attempts() == {
        ("fetch", "failed", 0): 1,
        ("fetch", "succeeded", 1): 1,
        ("fetch", "succeeded", 0): 1,
        ("add", "succeeded", 0): 1,
        (main, "succeeded", 0): 1,
    }
    assert [event.payload["step_name"] for event in recorder.steps if "model" in event.payload] == ["add"]


def test_an_error_handler_is_a_step_of_its_own(way: Way, recorder: Recorder) -> None:
    graph = StateGraph(State).add_node("broken", Failing(99), error_handler=says("handled"))
    graph.add_edge(START, "broken")
    way(instrument(graph.compile(), emitter=recorder), {})
    assert recorder.attempts() == {
        ("broken", "failed", 0): 1,
        ("__error_handler__broken", "succeeded", 0): 1,
    }
    assert recorder.changes()[-1] == ("running", "completed")


def test_a_node_over_its_time(recorder: Recorder) -> None:
    async def slow(state: State) -> State:
        await asyncio.sleep(30)
        return {}

    graph = StateGraph(State).add_node("slow", slow, timeout=0.02).add_edge(START, "slow")

    async def run() -> None:
        with pytest.raises(NodeTimeoutError):
            await instrument(graph.compile(), emitter=recorder).ainvoke({})
        while len(recorder.steps) < 1:  # its cancellation comes through after the run's end
            await asyncio.sleep(0)

    asyncio.run(run())
    assert recorder.attempts() == {("slow", "failed", 0): 1}
    assert recorder.steps[0].payload["error"] == "CancelledError"
    assert recorder.changes()[-1] == ("running", "failed")


def test_a_cached_result_is_no_attempt(recorder: Recorder) -> None:
    graph = StateGraph(State).add_node(
        "cached", says("cached"), cache_policy=CachePolicy(key_func=lambda _: "k")
    )
    compiled = instrument(graph.add_edge(START, "cached").compile(cache=InMemoryCache()), emitter=recorder)
    assert compiled.invoke({}) == compiled.invoke({})
    assert recorder.attempts() == {("cached", "succeeded", 0): 1}
    assert len(recorder.changes()) == 4


def test_a_graph_called_in_a_node_belongs_to_its_run(way: Way, recorder: Recorder) -> None:
    called = StateGraph(State).add_node("inside", says("inside")).add_edge(START, "inside").compile()

    def call(state: State) -> State:
        called.invoke({})
        called.invoke({}, {"configurable": {"thread_id": "other"}})
        return {}

    graph = StateGraph(State).add_node("call", call).add_edge(START, "call")
    way(instrument(graph.compile(), emitter=recorder), {})
    assert recorder.attempts() == {("inside", "succeeded", 0): 2, ("call", "succeeded", 0): 1}
    assert len(recorder.states) == 2


def test_instrumented_graphs_in_instrumented_graphs_report_once(way: Way, recorder: Recorder) -> None:
    other = Recorder()

    def think(state: State) -> State:
        return {"seen": [str(Model().invoke("hi").content)]}

    innermost = StateGraph(State).add_node("innermost", think).add_edge(START, "innermost")
    inner = StateGraph(State).add_node(
        "inner", instrument(innermost.compile(), emitter=other), metadata={"agent_role": "digger"}
    )
    inner.add_node("beside", says("beside"))
    inner.add_edge(START, "inner").add_edge("inner", "beside")
    graph = StateGraph(State).add_node("outer", instrument(inner.compile(), emitter=other, agent_role="x"))
    graph.add_edge(START, "outer")
    twice = instrument(instrument(graph.compile(), emitter=other), agent_role="boss", emitter=recorder)
    way(twice, {})
    assert other.events == []
    roles = {event.payload["step_name"]: event.agent_role for event in recorder.steps}
    assert roles == {"outer": "boss", "inner": "digger", "beside": "boss", "innermost": "digger"}
    assert len(recorder.steps) == 4
    assert len(recorder.states) == 2
    assert [event.payload["input_tokens"] for event in recorder.steps if "model" in event.payload] == [1000]


def test_two_reporters_of_one_graph_report_once(way: Way, recorder: Recorder) -> None:
    graph = StateGraph(State).add_node("only", says("only")).add_edge(START, "only").compile()
    other = instrument(graph, emitter=Recorder())
    way(instrument(graph, emitter=recorder).with_config(callbacks=other.config["callbacks"]), {})
    assert recorder.attempts() == {("only", "succeeded", 0): 1}
    assert len(recorder.states) == 2


def test_concurrent_runs_keep_apart(recorder: Recorder) -> None:
    def work(state: State) -> State:
        time.sleep(0.002)
        return {"seen": [str(state["number"])]}

    graph = (
        StateGraph(State).add_node("a", work).add_node("b", work).add_edge(START, "a").add_edge(START, "b")
    )
    compiled = instrument(graph.compile(), emitter=recorder)
    results = compiled.batch([{"number": n} for n in range(20)])
    assert [result["seen"] for result in results] == [[str(n)] * 2 for n in range(20)]
    steps = Counter(event.run_id for event in recorder.steps)
    assert len(steps) == 20
    assert set(steps.values()) == {2}
