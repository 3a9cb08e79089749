"""Any sequence of calls by any attempts: each state follows from the one before, and has its event."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from psycopg import Connection
from psycopg.rows import dict_row

FOLLOWS = {
    None: {"pending"},
    "pending": {"running", "failed", "cancelled"},
    "running": {"waiting", "completed", "failed", "cancelled"},
    "waiting": {"running", "failed", "cancelled"},
    "failed": {"pending"},
    "completed": set[str](),
    "cancelled": set[str](),
}
REFUSALS = {
    *("run_ended", "run_not_running", "stale_attempt", "deadline_passed"),
    *("run_leased", "not_due", "run_not_failed", "no_run"),
}
ATTEMPTS, STEPS, WORKERS = st.integers(0, 4), st.sampled_from("abc"), st.sampled_from(["me", "you"])


class Runs(RuleBasedStateMachine):
    """One run, and everything that can be done to it."""

    dsn: str

    def __init__(self) -> None:
        super().__init__()
        self.connection: Connection[dict[str, Any]] = psycopg.connect(self.dsn, row_factory=dict_row)
        self.outputs: dict[str, Any] = {}
        self.calls = 0

    def teardown(self) -> None:
        self.connection.close()

    def call(self, function: str, *arguments: object) -> dict[str, Any] | None:
        """Call a function of the run; None when it is refused for what the run is."""
        marks = ", ".join(["%s"] * len(arguments))
        try:
            with self.connection.transaction():
                return self.connection.execute(
                    f"select * from work.{function}({marks})".encode(), arguments
                ).fetchone()
        except psycopg.Error as error:
            if error.diag.constraint_name not in REFUSALS:
                raise
            return None

    @rule()
    def start(self) -> None:
        self.call("start_execution", "w", "{}", "r")

    @rule(worker=WORKERS)
    def claim(self, worker: str) -> None:
        self.call("claim_execution", "r", worker)

    @rule(attempt=ATTEMPTS, step=STEPS)
    def complete_step(self, attempt: int, step: str) -> None:
        self.calls += 1
        if found := self.call("complete_step", "r", attempt, step, str(self.calls)):
            assert found["output"] == self.outputs.setdefault(step, self.calls)

    @rule(attempt=ATTEMPTS, step=STEPS, function=st.sampled_from(["begin_step", "fail_step"]))
    def try_step(self, attempt: int, step: str, function: str) -> None:
        self.call(function, "r", attempt, step, *(["broken"] if function == "fail_step" else []))

    @rule(attempt=ATTEMPTS)
    def wait(self, attempt: int) -> None:
        self.call("await_event", "r", attempt, f"wait {attempt}", "go")

    @rule()
    def signal(self) -> None:
        self.call("emit_signal", "r", "go")

    @rule(attempt=ATTEMPTS)
    def complete(self, attempt: int) -> None:
        self.call("complete_execution", "r", attempt)

    @rule(attempt=ATTEMPTS)
    def fail(self, attempt: int) -> None:
        self.call("fail_execution", "r", attempt, "broken")

    @rule()
    def retry(self) -> None:
        self.call("retry_execution", "r")

    @precondition(lambda self: self.calls > 3)
    @rule()
    def cancel(self) -> None:
        self.call("cancel_execution", "r")

    @rule()
    def lease_ends(self) -> None:
        self.connection.execute(
            "update work.workflow_executions set due_at = clock_timestamp() where status = 'running'"
        )

    @invariant()
    def the_events_are_a_way_through_the_machine(self) -> None:
        told = self.connection.execute(
            "select payload ->> 'from_state' as was, payload ->> 'to_state' as became"
            " from telemetry.workflow_events order by recorded_at, event_id"
        ).fetchall()
        state: str | None = None
        for event in told:
            assert event["was"] == state
            assert event["became"] in FOLLOWS[state]
            state = event["became"]
        run = self.connection.execute("select * from work.workflow_executions").fetchone()
        assert (run["status"] if run else None) == state
        assert (run["completed_steps"] if run else 0) == self.completed()

    def completed(self) -> int:
        """How many steps are complete, each with its first result."""
        rows = self.connection.execute(
            "select step_name, output from work.step_executions where status = 'completed'"
        ).fetchall()
        assert {r["step_name"]: r["output"] for r in rows if r["step_name"] in "abc"} == self.outputs
        return len(rows)


def test_no_sequence_of_calls_leads_where_the_table_forbids(dsn: str) -> None:
    class OfThisDatabase(Runs):
        pass

    OfThisDatabase.dsn = dsn
    with psycopg.connect(dsn) as connection:
        assert connection.execute("select count(*) from work.workflow_executions").fetchone() == (0,)
    run_state_machine_as_test(
        OfThisDatabase,
        settings=settings(
            max_examples=25,
            stateful_step_count=30,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.parametrize("state", [s for s in FOLLOWS if s])
def test_the_machine_knows_every_state(state: str, conn: Connection[dict[str, Any]]) -> None:
    found = conn.execute(
        "select pg_get_constraintdef(oid) as says from pg_constraint"
        " where conname = 'workflow_executions_status_check'"
    ).fetchone()
    assert found
    assert f"'{state}'" in found["says"]
