"""A process that runs a graph over a saver, and may kill itself: ``victim.py DSN KILL_AT ACTION``."""

from __future__ import annotations

import json
import operator
import os
import signal
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager
from typing import Annotated, Any, TypedDict

from langgraph.graph import START, StateGraph
from langgraph.types import Command, interrupt

from pylayer.langgraph import PylayerSaver

CONFIG: Any = {"configurable": {"thread_id": "t"}}
NODES = 5


class Mortal(PylayerSaver):
    """Dies before its nth write, of a checkpoint or of what a task wrote, with all those before it done."""

    kill_at = 0
    writes = 0
    turn = threading.Lock()  # LangGraph writes in threads of its own

    @contextmanager
    def _counted(self) -> Generator[None]:
        with self.turn:
            type(self).writes += 1
            if self.writes == self.kill_at:
                os.kill(os.getpid(), signal.SIGKILL)
            yield

    def put(self, *given: Any, **named: Any) -> Any:
        with self._counted():
            return super().put(*given, **named)

    def put_writes(self, *given: Any, **named: Any) -> None:
        with self._counted():
            super().put_writes(*given, **named)


class State(TypedDict):
    seen: Annotated[list[str], operator.add]


def graph(saver: PylayerSaver, ran: list[int]) -> Any:
    def node(number: int) -> Any:
        def run(state: State) -> State:
            ran.append(number)
            answer = interrupt("sure?") if number == 2 else ""
            return {"seen": [f"{number}{answer}" * 60]}

        return run

    built = StateGraph(State)
    for number in range(NODES):
        built.add_node(f"n{number}", node(number))
        built.add_edge(f"n{number - 1}" if number else START, f"n{number}")
    return built.compile(checkpointer=saver)


def main(dsn: str, kill_at: str, action: str) -> None:
    """Start the graph, go on where it stands, or answer its question; print what it holds and what ran."""
    Mortal.kill_at = int(kill_at)
    ran: list[int] = []
    with Mortal.from_conn_string(dsn, role="pylayer_agent") as saver:
        compiled = graph(saver, ran)
        given: Any = {"start": {"seen": ["go"]}, "go on": None, "answer": Command(resume="yes")}[action]
        compiled.invoke(given, CONFIG, durability="sync")
        found = compiled.get_state(CONFIG)
        print(
            json.dumps({"seen": found.values["seen"], "next": found.next, "ran": ran, "writes": saver.writes})
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
