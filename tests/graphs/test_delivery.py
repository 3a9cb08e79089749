"""From a graph through the emitter into the database."""

from __future__ import annotations

import operator
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, TypedDict

from langgraph.graph import START, StateGraph
from psycopg import Connection

import pylayer
from pylayer.emitter import Emitter, SqlTransport
from pylayer.langgraph import instrument
from tests.graphs.support import Model, Way


class State(TypedDict, total=False):
    seen: Annotated[list[str], operator.add]


def test_runs_reach_the_database(
    way: Way, client: pylayer.Client, dsn: str, conn: Connection[dict[str, Any]], tmp_path: Path
) -> None:
    client.models.set_price(
        "large",
        provider="test",
        input_usd_per_mtok=Decimal(10),
        cached_input_usd_per_mtok=Decimal(1),
        output_usd_per_mtok=Decimal(40),
    )

    def think(state: State) -> State:
        Model(answers_as="large-2026-01-01").invoke("hi")
        pylayer.emit_item_state_changed(
            item_type="story", from_state="open", to_state="thought_through", emitter=emitter
        )
        return {"seen": ["think"]}

    def fail(state: State) -> State:
        raise ConnectionError("no")

    graph = StateGraph(State).add_node("think", think).add_node("fail", fail, error_handler=lambda state: {})
    graph.add_edge(START, "think").add_edge("think", "fail")
    with Emitter(SqlTransport(dsn), spool=tmp_path / "spool") as emitter:
        compiled = instrument(graph.compile(), workflow_name="e2e", item_id="I-1", emitter=emitter)
        way(compiled, {"seen": []}, {"configurable": {"run_id": "r"}})
        assert emitter.flush(30)
        stats = emitter.stats
    assert (stats.delivered, stats.refused, stats.conflicts) == (6, 0, 0)
    found = client.events.timeline("r")
    assert [event.payload.get("step_name") or event.payload["to_state"] for event in found] == [
        "running",
        "thought_through",
        "think",
        "fail",
        "__error_handler__fail",
        "completed",
    ]
    assert [event.item_id for event in found] == ["r", "I-1", "I-1", "I-1", "I-1", "r"]
    assert {event.workflow_name for event in found} == {"e2e"}
    expected = conn.execute(
        "select ai.cost_usd_est(p_model => 'large-2026-01-01', p_input_tokens => 1000, "
        "p_cached_input_tokens => 400, p_output_tokens => 100)::float8 as cost"
    ).fetchone()
    assert expected is not None
    assert found[2].payload["cost_usd_est"] == expected["cost"] == 0.0104
