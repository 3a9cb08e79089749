"""Ends that come in another order than one hopes for."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatGeneration, LLMResult
from langchain_core.utils.uuid import uuid7

from pylayer.events.context import RunContext
from pylayer.langgraph.handler import Reporter
from tests.graphs.support import Recorder

ANSWER = LLMResult(
    generations=[
        [
            ChatGeneration(
                message=AIMessage(
                    "yes",
                    usage_metadata={"input_tokens": 10, "output_tokens": 1, "total_tokens": 11},
                    response_metadata={"model_name": "small"},
                )
            )
        ]
    ]
)


class Calls:
    """The calls of one run with one node and one model call in it."""

    def __init__(self, reporter: Reporter) -> None:
        self.reporter = reporter
        self.root, self.node, self.model = uuid7(), uuid7(), uuid7()
        reporter.on_chain_start(None, {}, run_id=self.root)

    def begin_node(self) -> None:
        metadata: dict[str, Any] = {"langgraph_node": "node", "langgraph_checkpoint_ns": "node:1"}
        self.reporter.on_chain_start(None, {}, run_id=self.node, parent_run_id=self.root, metadata=metadata)

    def begin_model(self, parent: UUID) -> None:
        self.reporter.on_chat_model_start({}, [], run_id=self.model, parent_run_id=parent)

    def end_model(self) -> None:
        self.reporter.on_llm_end(ANSWER, run_id=self.model)

    def end(self, run_id: UUID) -> None:
        self.reporter.on_chain_end({}, run_id=run_id)


@pytest.fixture
def calls(recorder: Recorder) -> Calls:
    return Calls(Reporter(RunContext(), "graph", recorder))


def test_an_attempt_that_outlives_its_run_is_reported(calls: Calls, recorder: Recorder) -> None:
    calls.begin_node()
    calls.end(calls.root)
    assert recorder.changes() == [(None, "running"), ("running", "completed")]
    calls.end(calls.node)
    assert recorder.attempts() == {("node", "succeeded", 0): 1}


def test_an_end_that_comes_twice_counts_once(calls: Calls, recorder: Recorder) -> None:
    calls.begin_node()
    for run_id in (calls.node, calls.node, calls.root, calls.root):
        calls.end(run_id)
    assert len(recorder.events) == 3


def test_a_model_call_that_outlives_its_attempt_counts_in_the_run(calls: Calls, recorder: Recorder) -> None:
    calls.begin_node()
    calls.begin_model(calls.node)
    calls.end(calls.node)
    calls.end_model()
    calls.end(calls.root)
    assert [("model" in event.payload) for event in recorder.steps] == [False]
    assert recorder.states[-1].payload["usage_outside_steps"]["input_tokens"] == 10


def test_a_model_call_beside_the_nodes_counts_in_the_outcome_only(calls: Calls, recorder: Recorder) -> None:
    calls.begin_model(calls.root)
    calls.end_model()
    calls.end(calls.root)
    assert [("usage_outside_steps" in event.payload) for event in recorder.states] == [False, True]


def test_what_has_no_known_parent_or_begin_is_let_go(calls: Calls, recorder: Recorder) -> None:
    calls.begin_model(uuid7())
    calls.end_model()
    calls.reporter.on_tool_start({}, "", run_id=uuid7(), parent_run_id=uuid7())
    calls.reporter.on_llm_error(ValueError(), run_id=uuid7(), response=ANSWER)
    calls.end(uuid7())
    calls.end(calls.root)
    assert recorder.changes() == [(None, "running"), ("running", "completed")]
    assert "usage_outside_steps" not in recorder.states[-1].payload
