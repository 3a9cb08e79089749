"""One call that makes a compiled graph report its runs and steps."""

from __future__ import annotations

from typing import Any, TypeVar

from langchain_core.callbacks import BaseCallbackManager
from langgraph.pregel import Pregel

from pylayer.client import AsyncClient, Client
from pylayer.errors import InvalidInput
from pylayer.events.context import RunContext, locate_with
from pylayer.langgraph.handler import Reporter, Sink
from pylayer.langgraph.scopes import locate

__all__ = ["instrument"]

G = TypeVar("G", bound="Pregel[Any, Any, Any, Any]")


def instrument(
    graph: G,
    *,
    workflow_name: str | None = None,
    agent_role: str | None = None,
    item_id: str | None = None,
    emitter: Sink | None = None,
    executions: Client | AsyncClient | None = None,
) -> G:
    """Return a copy of a compiled graph that reports its runs and each attempt of its nodes.

    The copy behaves as the graph does: results, exceptions, streams and your own callbacks stay as they are.
    What goes wrong in reporting ends in a log line. Instrumented again, a graph has the last call's settings.

    Args:
        graph: a compiled `StateGraph`, an entrypoint of the functional API, or any other `Pregel`.
        workflow_name: the workflow of its events; default that of the `run_context`, else the graph's name.
        agent_role: the role of nodes whose metadata has no ``agent_role``; default that of the `run_context`.
        item_id: the work item that its runs are about; default that of the `run_context`.
        emitter: where the events go; default `pylayer.emitter.default_emitter`.
        executions: records each run as an execution with its steps and spans, too, in this client's database:
            in the background, on a connection of its own. Default: runs are events only.

    Raises:
        InvalidInput: ``not_a_graph``; ``invalid_field``, a name or id over 500 characters.

    Example:
        >>> counting = StateGraph(dict).add_node("count", lambda state: {"n": 1}).add_edge(START, "count")
        >>> instrument(counting.compile(), workflow_name="counting", emitter=emitter).invoke({})
        {'n': 1}
        >>> [event.payload.get("step_name") for event in sent]
        [None, 'count', None]
    """
    if not isinstance(graph, Pregel):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidInput(
            "only a compiled graph can be instrumented",
            reason="not_a_graph",
            detail=type(graph).__name__,
            hint="call its compile() first",
        )
    settings = RunContext().with_changes(workflow_name=workflow_name, agent_role=agent_role, item_id=item_id)
    locate_with(locate)
    reporter = Reporter(settings, graph.get_name(), emitter, executions)
    config = graph.config or {}
    return graph.copy({"config": {**config, "callbacks": _with_reporter(config.get("callbacks"), reporter)}})


def _with_reporter(callbacks: Any, reporter: Reporter) -> Any:
    if isinstance(callbacks, BaseCallbackManager):
        manager = callbacks.copy()
        for handler in [known for known in manager.handlers if isinstance(known, Reporter)]:
            manager.remove_handler(handler)
        manager.add_handler(reporter)
        return manager
    return [*(known for known in callbacks or () if not isinstance(known, Reporter)), reporter]
