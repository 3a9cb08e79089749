"""No sequence of calls, or of writes to the tables, reaches a state that the tables forbid."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from psycopg import Connection
from psycopg.rows import dict_row

_STATES = [
    *("backlog", "refining", "ready", "in_progress", "blocked", "in_review", "in_qa", "done", "cancelled"),
    *("draft", "open", "changes_requested", "approved", "merged", "abandoned", "unheard"),
]
states = st.sampled_from(_STATES)
_INITIAL = {"task": "backlog", "story": "backlog", "pull_request": "draft"}


class Machine(RuleBasedStateMachine):
    """One item beside a model of it: its state, its moves, its version."""

    connection: Connection[dict[str, Any]]
    moves: dict[tuple[str, str], set[str]]
    finals: set[tuple[str, str]]

    @initialize(kind=st.sampled_from(sorted(_INITIAL)))
    def make(self, kind: str) -> None:
        self.kind = kind
        self.path = [_INITIAL[kind]]
        self.version = 1
        self.churn = 0
        found = self.connection.execute("select * from work.create_item(%s, 'x')", [kind]).fetchone()
        assert found
        self.item_id = found["item_id"]

    @contextmanager
    def attempt(self) -> Iterator[list[str]]:
        """Run calls in a savepoint; what refuses them ends up in the list."""
        refused: list[str] = []
        try:
            with self.connection.transaction():
                yield refused
        except psycopg.Error as error:
            refused.append(f"{error.sqlstate} {error.diag.constraint_name}")

    def _call(self, sql: str, *params: object) -> None:
        self.connection.execute(sql.encode(), params)

    @rule(to=states, expected=st.one_of(st.none(), st.none(), states))
    def move(self, to: str, expected: str | None) -> None:
        with self.attempt() as refused:
            self._call("select work.transition_item(%s, %s, %s)", self.item_id, to, expected)
        if expected is not None and expected != self.path[-1]:
            assert refused == ["PT409 stale_state"]
        elif to not in self.moves.get((self.kind, self.path[-1]), set()):
            assert refused == ["PT409 illegal_transition"]
        else:
            assert refused == []
            self.path.append(to)

    @rule(nth=st.integers(0, 20))
    def move_on(self, nth: int) -> None:
        """A legal move where there is one, so that long walks happen."""
        if legal := sorted(self.moves.get((self.kind, self.path[-1]), set())):
            self.move(legal[nth % len(legal)], None)

    @rule(to=states)
    def move_and_roll_back(self, to: str) -> None:
        with self.attempt():
            self._call("select work.transition_item(%s, %s)", self.item_id, to)
            raise psycopg.Rollback

    @rule(to=states, seq=st.integers(0, 3))
    def write_the_state(self, to: str, seq: int) -> None:
        with self.attempt() as refused:
            self._call(
                "update work.items set state = %s, state_seq = state_seq + %s where item_id = %s",
                to, seq, self.item_id,
            )  # fmt: skip
        assert refused == [] if (to, seq) == (self.path[-1], 0) else ["PT403 state_follows_history"]

    @rule(to=states, seq=st.integers(2, 40), start=states)
    def write_the_history(self, to: str, seq: int, start: str) -> None:
        with self.attempt() as refused:
            self._call(
                "insert into work.item_transitions (item_id, seq, from_state, to_state) "
                "values (%s, %s, %s, %s)",
                self.item_id, seq, start, to,
            )  # fmt: skip
        if start == self.path[-1] and to in self.moves.get((self.kind, start), set()):
            assert refused == []
            self.path.append(to)
        else:
            assert refused[0].startswith("PT409")

    @rule(title=st.sampled_from(["x", "y", "z"]), version=st.one_of(st.none(), st.integers(1, 4)))
    def edit(self, title: str, version: int | None) -> None:
        before = self._item()["title"]
        with self.attempt() as refused:
            self._call(
                "select work.update_item(%s, jsonb_build_object('title', %s::text), %s)",
                self.item_id, title, version,
            )  # fmt: skip
        if version not in (None, self.version):
            assert refused == ["PT409 stale_version"]
        elif title != before:
            self.version += 1
            agreed = {"ready", "in_progress", "blocked", "in_review", "in_qa", "done"}
            self.churn += self.kind == "story" and self.path[-1] in agreed

    def _item(self) -> dict[str, Any]:
        found = self.connection.execute("select * from work.items where item_id = %s", [self.item_id])
        (item,) = found.fetchall()
        return item

    @invariant()
    def all_tables_agree(self) -> None:
        if not hasattr(self, "path"):
            return
        item = self._item()
        assert (item["state"], item["state_seq"]) == (self.path[-1], len(self.path))
        assert item["version"] == self.version
        assert (item["closed_at"] is not None) == ((self.kind, item["state"]) in self.finals)
        history = self.connection.execute(
            "select seq, from_state, to_state from work.item_transitions where item_id = %s order by seq",
            [self.item_id],
        ).fetchall()
        walked = zip([None, *self.path], self.path, strict=False)
        assert [tuple(change.values()) for change in history] == [
            (seq, start, end) for seq, (start, end) in enumerate(walked, 1)
        ]
        events = self.connection.execute(
            "select event_name, count(*) from telemetry.workflow_events where item_id = %s group by 1",
            [self.item_id],
        ).fetchall()
        counted = {event["event_name"]: event["count"] for event in events}
        assert counted.get("workflow.item_state_changed") == len(self.path)
        assert counted.get("workflow.story_changed", 0) == self.churn

    def teardown(self) -> None:
        self.connection.rollback()


@pytest.fixture
def machine(dsn: str) -> Iterator[type[Machine]]:
    with psycopg.connect(dsn, row_factory=dict_row) as connection:
        moves: dict[tuple[str, str], set[str]] = {}
        for move in connection.execute("select * from work.item_state_transitions").fetchall():
            moves.setdefault((move["item_type"], move["from_state"]), set()).add(move["to_state"])
        finals = connection.execute("select item_type, state from work.item_states where is_final").fetchall()
        connection.rollback()
        attributes = {
            "connection": connection,
            "moves": moves,
            "finals": {(final["item_type"], final["state"]) for final in finals},
        }
        yield type("BoundMachine", (Machine,), attributes)


def test_no_sequence_of_calls_reaches_a_forbidden_state(machine: type[Machine]) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=30,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
