"""`pylayer maintain` and the runs that ended long ago; runs through PgBouncer in transaction mode."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection
from typer.testing import CliRunner

import pylayer
from pylayer.cli import app
from pylayer.config import Settings
from pylayer.maintenance import maintain
from pylayer.runs import Run, run_due, workflow
from tests.services import pgbouncer
from tests.work.sessions import Row, row, session

PURGE = "select work.purge_executions() as n"


@pytest.fixture
def old(client: pylayer.Client, conn: Connection[Row]) -> list[str]:
    """Two runs that ended long ago, one below the other."""
    client.executions.start("w", run_id="top")
    client.executions.start("w", run_id="below", parent_run_id="top")
    for run in ("below", "top"):
        client.executions.claim(run, "me")
        client.executions.complete_step(run, 1, "step")
        client.executions.complete(run, 1)
    conn.execute("alter table work.workflow_executions disable trigger user")
    conn.execute(
        "update work.workflow_executions"
        " set created_at = created_at - interval '91 days', completed_at = completed_at - interval '91 days'"
    )
    conn.execute("alter table work.workflow_executions enable trigger user")
    return ["below", "top"]


def test_maintenance_removes_what_ended_long_ago(client: pylayer.Client, old: list[str]) -> None:
    client.executions.start("w", run_id="new")
    [task] = [task for task in maintain(client) if task.task == "runs"]
    assert task.done == {"expired": 0, "purged": len(old)}
    assert [run.run_id for run in client.executions.list()] == ["new"]
    assert len(client.events.timeline("top")) == 3, "the events have a retention of their own"


def test_a_run_that_is_being_taken_up_again_stays(dsn: str, conn: Connection[Row], old: list[str]) -> None:
    with session(dsn) as holder:
        row(holder, "select from work.workflow_executions where run_id = 'below' for no key update")
        assert row(conn, PURGE)["n"] == 0, "whoever holds a run is not waited for"
        holder.commit()
    killed = session(dsn)
    assert row(killed, PURGE)["n"] == 1
    conn.execute("select pg_terminate_backend(%s, 10000)", [killed.info.backend_pid])
    killed.close()
    assert [row(conn, PURGE)["n"] for _ in range(3)] == [1, 1, 0], "one that was killed removed nothing"


def test_a_run_and_its_commands_go_through_pgbouncer(
    settings: Settings, dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    @workflow("below")
    def below(run: Run[Any], _: Any) -> Any:
        return run.wait_for("go")

    @workflow("pooled")
    def pooled(run: Run[Any], n: int) -> list[Any]:
        return [*(run.step("step", lambda m=m: m) for m in range(n)), run.child(below)]

    def runs(*arguments: str) -> Any:
        result = CliRunner().invoke(app, ["runs", *arguments, "--json"])
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout.splitlines()[-1])

    with pgbouncer(tmp_path / "pgbouncer", dsn) as through:
        monkeypatch.setenv("DATABASE_URL", through)
        with pylayer.connect(through, settings=settings, role="pylayer_agent") as client:
            assert pooled.run(client, 20, run_id="r").waiting_for == "run r/below"
            assert [run["run_id"] for run in runs("list", "--status", "waiting")] == ["r/below", "r"]
            client.executions.emit_signal("r/below", "go", "done")
            assert [run_due(client, [pooled, below])[0].run_id for _ in "12"] == ["r/below", "r"]
            assert client.executions.get_by_id("r").outputs == [*range(20), "done"]
            assert runs("show", "r")["completed_steps"] == 21
            assert runs("tail", "r")["status"] == "completed"
            client.executions.start("w", run_id="w")
            assert runs("cancel", "w")["status"] == "cancelled"
