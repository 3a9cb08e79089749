"""Tokens and cost, once, at the innermost attempt."""

from __future__ import annotations

import operator
from typing import Annotated, Any, TypedDict

import pytest
from langchain_core.caches import InMemoryCache
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage
from langchain_core.outputs import ChatGeneration, LLMResult
from langchain_core.tools import tool
from langgraph.graph import START, StateGraph
from langgraph.graph.message import add_messages
from langgraph.prebuilt import ToolNode
from langgraph.types import RetryPolicy
from pydantic import BaseModel

from pylayer.langgraph import instrument
from pylayer.langgraph.usage import read_call, usage_facts
from pylayer.models import PriceTable
from tests.graphs.support import PRICES, WAYS, Model, Recorder, StreamingModel, Way, outcome

LARGE = {
    "model": "large",
    "input_tokens": 1000,
    "cached_input_tokens": 400,
    "output_tokens": 100,
    "cost_usd_est": 0.0104,  # 600 * 10 + 400 * 1 + 100 * 40, per million
}
TOKENS = ("input_tokens", "cached_input_tokens", "output_tokens", "cost_usd_est")


class State(TypedDict, total=False):
    messages: Annotated[list[AnyMessage], add_messages]
    seen: Annotated[list[str], operator.add]


def usage(payload: dict[str, Any]) -> dict[str, Any]:
    return {key: payload[key] for key in ("model", *TOKENS, "models") if key in payload}


def run_node(node: Any, recorder: Recorder, way: Way = WAYS["invoke"], **options: Any) -> dict[str, Any]:
    """Run a graph of one node and return the payload of its last attempt."""
    graph = StateGraph(State).add_node("node", node, **options).add_edge(START, "node").compile()
    outcome(lambda: way(instrument(graph, emitter=recorder), {"messages": [HumanMessage("hi")]}))
    return recorder.steps[-1].payload


def calls(*models: Any) -> Any:
    def node(state: State) -> State:
        for model in models:
            model.invoke("hi")
        return {}

    return node


def test_one_call(way: Way, recorder: Recorder) -> None:
    assert usage(run_node(calls(Model()), recorder, way)) == LARGE
    assert "usage_outside_steps" not in recorder.states[-1].payload


def test_a_streaming_model(way: Way, recorder: Recorder) -> None:
    model = StreamingModel()

    def node(state: State) -> State:
        assert "".join(str(chunk.content) for chunk in model.stream("hi")) == "yes"
        return {}

    assert usage(run_node(node, recorder, way)) == LARGE


def test_an_asynchronous_call(recorder: Recorder) -> None:
    async def node(state: State) -> State:
        await StreamingModel().ainvoke("hi")
        return {}

    assert usage(run_node(node, recorder, WAYS["astream"])) == LARGE


def test_several_calls_of_one_model_add_up(recorder: Recorder) -> None:
    assert usage(run_node(calls(Model(), Model()), recorder)) == {
        "model": "large",
        "input_tokens": 2000,
        "cached_input_tokens": 800,
        "output_tokens": 200,
        "cost_usd_est": 0.0208,
    }


def test_several_models(way: Way, recorder: Recorder) -> None:
    small = Model(model="small", answers_as="small", usage=(5000, 0, 50))
    assert usage(run_node(calls(small, Model()), recorder, way)) == {
        "model": "large",  # costs more, with fewer tokens
        "input_tokens": 6000,
        "cached_input_tokens": 400,
        "output_tokens": 150,
        "cost_usd_est": 0.0156,
        "models": [
            {
                "model": "small",
                "input_tokens": 5000,
                "cached_input_tokens": 0,
                "output_tokens": 50,
                "cost_usd_est": 0.0052,
            },
            LARGE,
        ],
    }


def test_an_unknown_price_leaves_the_cost_out(recorder: Recorder) -> None:
    unknown = Model(model="mystery", answers_as="mystery")
    payload = run_node(calls(unknown, Model()), recorder)
    assert "cost_usd_est" not in payload
    assert payload["input_tokens"] == 2000
    assert [("cost_usd_est" in model) for model in payload["models"]] == [False, True]


@pytest.mark.parametrize(
    ("answer", "request_"),
    [("large-2026-01-01", "large"), ("largelargelarge", "large"), (None, "large"), ("endpoint-17", "large")],
)
def test_the_price_is_found_by_either_name(answer: str | None, request_: str, recorder: Recorder) -> None:
    payload = run_node(calls(Model(model=request_, answers_as=answer)), recorder)
    assert payload["cost_usd_est"] == 0.0104
    assert payload["model"] == (answer if answer == "large-2026-01-01" else "large")


def test_an_answer_without_usage(recorder: Recorder) -> None:
    assert usage(run_node(calls(Model(usage=None)), recorder)) == {"model": "large"}
    recorder.events.clear()
    mixed = usage(run_node(calls(Model(usage=None), Model()), recorder))
    assert mixed == {key: value for key, value in LARGE.items() if key != "cost_usd_est"}


def test_structured_output(way: Way, recorder: Recorder) -> None:
    class Answer(BaseModel):
        """An answer."""

        text: str

    asked = Model().with_structured_output(Answer, include_raw=True)
    assert usage(run_node(calls(asked), recorder, way)) == LARGE


def test_a_model_in_a_tool(way: Way, recorder: Recorder) -> None:
    @tool
    def think(text: str) -> str:
        """Think."""
        return str(Model(model="small", answers_as="small", usage=(10, 0, 1)).invoke(text).content)

    def agent(state: State) -> State:
        return {"messages": [Model().bind_tools([think]).invoke(state["messages"])]}

    graph = StateGraph(State).add_node("agent", agent).add_node("tools", ToolNode([think]))
    graph.add_edge(START, "agent").add_edge("agent", "tools")
    way(instrument(graph.compile(), emitter=recorder), {"messages": [HumanMessage("hi")]})
    assert {event.payload["step_name"]: event.payload["model"] for event in recorder.steps} == {
        "agent": "large",
        "tools": "small",
    }
    assert usage(recorder.steps[0].payload) == LARGE


def test_a_subgraph_keeps_its_usage_to_itself(way: Way, recorder: Recorder) -> None:
    inner = StateGraph(State).add_node("inner", calls(Model())).add_edge(START, "inner").compile()

    def call(state: State) -> State:
        inner.invoke({})
        Model(model="small", answers_as="small", usage=(10, 0, 1)).invoke("hi")
        return {}

    graph = StateGraph(State).add_node("node", inner).add_node("call", call)
    graph.add_edge(START, "node").add_edge("node", "call")
    way(instrument(graph.compile(), emitter=recorder), {})
    found = [(event.payload["step_name"], event.payload.get("model")) for event in recorder.steps]
    assert found == [("inner", "large"), ("node", None), ("inner", "large"), ("call", "small")]


def test_a_failed_call(way: Way, recorder: Recorder) -> None:
    payload = run_node(calls(Model(), Model(fails=True)), recorder, way)
    assert payload["status"] == "failed"
    assert usage(payload) == LARGE


def test_a_call_that_fails_half_way_counts_what_it_used(recorder: Recorder) -> None:
    def node(state: State) -> State:
        list(StreamingModel(fails_after_chunks=True).stream("hi"))
        return {}

    payload = run_node(node, recorder)
    assert payload["status"] == "failed"
    assert payload["input_tokens"] == 1000


def test_a_call_that_fails_and_tells_nothing(recorder: Recorder) -> None:
    def node(state: State) -> State:
        list(StreamingModel(fails_after_chunks=True, usage=None).stream("hi"))
        return {}

    assert usage(run_node(node, recorder)) == {}


def test_each_attempt_has_its_own_calls(recorder: Recorder) -> None:
    tries: list[int] = []

    def node(state: State) -> State:
        Model().invoke("hi")
        tries.append(1)
        if len(tries) < 3:
            raise ConnectionError
        return {}

    run_node(node, recorder, retry_policy=RetryPolicy(initial_interval=0.001, jitter=False))
    assert [usage(event.payload) for event in recorder.steps] == [LARGE] * 3


def test_an_answer_from_the_cache_costs_nothing(recorder: Recorder) -> None:
    model = Model(cache=InMemoryCache())
    assert usage(run_node(calls(model), recorder)) == LARGE
    assert usage(run_node(calls(model), recorder)) == {}


def test_no_prices(recorder: Recorder, caplog: pytest.LogCaptureFixture) -> None:
    def away() -> PriceTable:
        raise ConnectionError("prices are away")

    recorder.prices = away  # type: ignore[method-assign]
    assert usage(run_node(calls(Model()), recorder)) == {
        key: value for key, value in LARGE.items() if key != "cost_usd_est"
    }
    assert [record.name for record in caplog.records] == ["pylayer.langgraph.handler"]


def test_prices_are_asked_for_only_when_there_is_something_to_price(recorder: Recorder) -> None:
    def never() -> PriceTable:
        pytest.fail("asked")

    recorder.prices = never  # type: ignore[method-assign]
    assert run_node(lambda state: {}, recorder)["status"] == "succeeded"
    assert run_node(calls(Model(usage=None)), recorder)["status"] == "succeeded"


@pytest.mark.parametrize(
    "told",
    [
        {"input_tokens": -5, "output_tokens": None, "total_tokens": 0},
        {"input_tokens": "5", "output_tokens": 1.5, "input_token_details": None},
        {"input_tokens": 5, "output_tokens": 1, "input_token_details": {"cache_read": 500}},
    ],
)
def test_usage_that_cannot_be(told: dict[str, Any]) -> None:
    message = AIMessage(content="").model_copy(
        update={"usage_metadata": told, "response_metadata": {"model_name": "large"}}
    )
    call = read_call(LLMResult(generations=[[ChatGeneration(message=message)]]), None)
    assert call is not None
    facts = usage_facts([call], lambda: PRICES)
    assert all(facts[key] >= 0 for key in TOKENS if key in facts)


def test_answers_that_hold_nothing() -> None:
    assert read_call(LLMResult(generations=[]), None) is None
    assert read_call(LLMResult(generations=[[]]), None) is None
