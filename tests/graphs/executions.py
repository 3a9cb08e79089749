"""What the database holds of a graph's run, for tests that record executions."""

from __future__ import annotations

import operator
from collections import Counter
from typing import Annotated, Any, TypedDict

from langgraph.graph import START, StateGraph

import pylayer
from pylayer.langgraph import flush_executions
from pylayer.runs import Step, StoredSpan
from tests.graphs.support import STATE

NEW = [(None, "running")]
DONE = [*NEW, ("running", "completed")]


class State(TypedDict, total=False):
    seen: Annotated[list[str], operator.add]
    number: int


class Kept:
    """What is recorded of the only run."""

    def __init__(self, client: pylayer.Client) -> None:
        assert flush_executions(30)
        [self.run] = client.executions.list()
        run_id = self.run.run_id
        self.steps: dict[str, Step] = {step.step_name: step for step in client.executions.list_steps(run_id)}
        self.spans: list[StoredSpan] = client.executions.list_traces(run_id)
        self.changes = changes(client, run_id)

    @property
    def attempts(self) -> Counter[tuple[str, str]]:
        """The attempts of nodes, by node and status."""
        return Counter((span.name, span.status) for span in self.spans if is_attempt(span))

    def tries(self) -> dict[str, tuple[str, int]]:
        return {name: (step.status, step.tries) for name, step in self.steps.items()}

    def path(self, span: StoredSpan) -> list[str]:
        """Return the names from a span outwards."""
        by_id = {found.span_id: found for found in self.spans}
        names = [span.name]
        while span.parent_span_id is not None:
            span = by_id[span.parent_span_id]
            names.append(span.name)
        return names

    def named(self, name: str) -> StoredSpan:
        [span] = [span for span in self.spans if span.name == name]
        return span


def is_attempt(span: StoredSpan) -> bool:
    return bool(span.step_name) and span.step_name.rpartition("/")[2].partition("#")[0] == span.name


def changes(client: pylayer.Client, run_id: str) -> list[tuple[str | None, str]]:
    return [
        (event.payload["from_state"], event.payload["to_state"])
        for event in client.events.timeline(run_id)
        if event.event_name == STATE
    ]


def graph_of(**nodes: Any) -> StateGraph[Any]:
    """Return a graph of these nodes, one after the other."""
    graph: StateGraph[Any] = StateGraph(State)
    before = START
    for name, node in nodes.items():
        graph.add_node(name, node)
        graph.add_edge(before, name)
        before = name
    return graph
