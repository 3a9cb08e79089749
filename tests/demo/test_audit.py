"""Runs of the graph, and what they leave in Postgres and S3."""

from __future__ import annotations

import io
import tarfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection

import pylayer
from pylayer.config import Settings
from pylayer.demo import graph
from pylayer.demo.audit import AuditSummary, run_audit
from pylayer.demo.steps import STEPS, Silent, StepName
from pylayer.emitter import Emitter, HttpTransport, SqlTransport
from pylayer.errors import Conflict, Unavailable
from tests.demo.conftest import Audit, Events

NOBODY = "http://127.0.0.1:9"


def states(found: list[dict[str, Any]], item_id: str) -> list[tuple[str | None, str]]:
    changes = [e["payload"] for e in found if e["event_name"] == "workflow.item_state_changed"]
    kind = "task" if item_id.startswith("audit:") else "workflow_run"
    return [(c["from_state"], c["to_state"]) for c in changes if c["item_type"] == kind]


def last_run(conn: Connection[Any]) -> str:
    found = conn.execute("select max(run_id) as run_id from telemetry.workflow_events").fetchone()
    assert found is not None
    return found["run_id"]


def versions(summary: AuditSummary) -> dict[str, tuple[int, bool]]:
    return {artifact.type: (artifact.version, artifact.created) for artifact in summary.artifacts}


def test_events_tell_the_run(audit: Audit, tree: Path, events: Events) -> None:
    summary = audit(tree)
    found = events(summary.run_id)
    steps = [e["payload"] for e in found if e["event_name"] == "workflow.step_completed"]
    told = [(s["step_name"], s["status"], s["duration_ms"], s["retry_count"]) for s in steps]
    assert told == [(s.name, "succeeded", s.duration_ms, 0) for s in summary.steps]
    assert [step.name for step in summary.steps] == list(STEPS)
    gaps = [e for e in found if e["event_name"] == "workflow.gap_found"]
    assert [(g["payload"]["gap_type"], g["payload"]["severity"], g["payload"]["count"]) for g in gaps] == [
        (group.gap_type, group.severity, group.count) for group in summary.groups
    ]
    assert {(g["agent_role"], g["payload"]["stage_found"]) for g in gaps} == {("inspector", "inspect")}
    roles = {"collector": 1, "inspector": 6, "reporter": 1, "archivist": 1, "verifier": 2, "auditor": 5}
    assert Counter(e["agent_role"] for e in found) == roles
    assert states(found, summary.run_id) == [(None, "running"), ("running", "completed")]
    assert states(found, summary.item_id) == [
        (None, "backlog"),
        ("backlog", "in_progress"),
        ("in_progress", "in_review"),
        ("in_review", "done"),
    ]
    assert {e["workflow_name"] for e in found} == {"source_audit"}
    assert {e["item_id"] for e in found} == {summary.item_id, summary.run_id}
    assert len(found) == len(steps) + len(gaps) + 6
    assert summary.undelivered == 0


def test_artifacts_are_stored_linked_and_verified(
    audit: Audit, client: pylayer.Client, tree: Path, conn: Connection[dict[str, Any]]
) -> None:
    summary = audit(tree)
    stored = {artifact.type: artifact for artifact in summary.artifacts}
    backends = {kind: artifact.storage_backend for kind, artifact in stored.items()}
    assert backends == {"audit_report": "inline", "audit_findings": "inline", "source_bundle": "s3"}
    assert all(artifact.verified for artifact in summary.artifacts)
    report = client.artifacts.read(stored["audit_report"].artifact_id).decode()
    assert summary.run_id not in report
    with tarfile.open(
        fileobj=io.BytesIO(client.artifacts.read(stored["source_bundle"].artifact_id))
    ) as archive:
        assert len(archive.getnames()) == summary.files
    links = conn.execute(
        "select artifact_id, version, link_type, item_id from work.artifact_links where run_id = %s",
        (summary.run_id,),
    ).fetchall()
    assert {tuple(link.values()) for link in links} == {
        (artifact.artifact_id, 1, "produced", summary.item_id) for artifact in summary.artifacts
    }


def test_unchanged_makes_no_version_and_changed_the_next(audit: Audit, tree: Path, events: Events) -> None:
    first = audit(tree)
    assert versions(first) == dict.fromkeys(versions(first), (1, True))
    again = audit(tree)
    assert versions(again) == dict.fromkeys(versions(first), (1, False))
    assert states(events(again.run_id), again.item_id)[0] == ("done", "in_progress")
    (tree / "tool.sh").write_text("#!/bin/ls\n")
    changed = audit(tree)
    assert versions(changed) == {
        "audit_report": (1, False),
        "audit_findings": (1, False),
        "source_bundle": (2, True),
    }
    (tree / "package" / "broken.py").write_text("x = 1\n")
    fixed = audit(tree)
    assert versions(fixed) == {
        "audit_report": (2, True),
        "audit_findings": (2, True),
        "source_bundle": (3, True),
    }
    assert {a.artifact_id for a in fixed.artifacts} == {a.artifact_id for a in first.artifacts}


def test_an_empty_tree_skips_the_inspection(audit: Audit, tmp_path: Path, events: Events) -> None:
    root = tmp_path / "empty"
    root.mkdir()
    summary = audit(root)
    assert [(s.name, s.status) for s in summary.steps] == [
        ("collect", "succeeded"),
        ("inspect", "skipped"),
        ("report", "succeeded"),
        ("bundle", "succeeded"),
        ("verify", "succeeded"),
    ]
    assert (summary.files, summary.findings) == (0, 0)
    steps = [e["payload"] for e in events(summary.run_id) if e["event_name"] == "workflow.step_completed"]
    assert Counter((s["step_name"], s["status"]) for s in steps) == Counter(
        (s.name, s.status) for s in summary.steps
    )


class Saboteur(Silent):
    """Removes a file as soon as a step begins."""

    def __init__(self, step: StepName, victim: Path) -> None:
        self.step = step
        self.victim = victim

    def begin(self, name: StepName) -> None:
        if name == self.step:
            self.victim.unlink()


@pytest.mark.parametrize("step", ["inspect", "bundle"])
def test_a_failing_node_fails_the_run(
    audit: Audit, conn: Connection[Any], tree: Path, events: Events, step: StepName
) -> None:
    with pytest.raises(Conflict) as caught:
        audit(tree, watch=Saboteur(step, tree / "long.py"))
    assert caught.value.reason == "tree_changed"
    run = last_run(conn)
    found = events(run)
    steps = [e["payload"] for e in found if e["event_name"] == "workflow.step_completed"]
    assert [(s["step_name"], s["status"]) for s in steps] == [
        *((name, "succeeded") for name in list(STEPS)[: list(STEPS).index(step)]),
        (step, "failed"),
    ]
    assert "long.py" in steps[-1]["error"]
    assert states(found, run) == [(None, "running"), ("running", "failed")]
    assert states(found, "audit:")[-1] == ("in_progress", "backlog")
    assert audit(tree).steps[-1].status == "succeeded"


def test_a_node_that_recovers_counts_its_retries(
    audit: Audit, tree: Path, events: Events, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_bundle, failures = graph.write_bundle, [Unavailable("away"), Unavailable("still away")]

    def flaky(*arguments: Any) -> None:
        if failures:
            raise failures.pop()
        write_bundle(*arguments)

    monkeypatch.setattr(graph, "write_bundle", flaky)
    summary = audit(tree)
    bundles = [e["payload"] for e in events(summary.run_id) if e["payload"].get("step_name") == "bundle"]
    told = [(b["status"], b["retry_count"]) for b in bundles]
    assert told == [("failed", 0), ("failed", 1), ("succeeded", 2)]
    assert [(s.status, s.retry_count) for s in summary.steps if s.name == "bundle"] == told


def test_damage_in_storage_fails_the_run(
    audit: Audit, client: pylayer.Client, conn: Connection[Any], tree: Path, events: Events
) -> None:
    stored = audit(tree).artifacts[-1]
    client.blobs.put(stored.storage_key or "", b"\1" * stored.size_bytes)
    with pytest.raises(Conflict) as caught:
        audit(tree)
    assert caught.value.reason == "hash_mismatch"
    found = events(last_run(conn))
    assert states(found, last_run(conn))[-1] == ("running", "failed")
    assert states(found, "audit:")[-1] == ("in_review", "backlog")


def test_an_interrupted_run_is_cancelled(
    audit: Audit, conn: Connection[Any], tree: Path, events: Events
) -> None:
    class Interrupted(Silent):
        def begin(self, name: StepName) -> None:
            if name == "report":
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        audit(tree, watch=Interrupted())
    run = last_run(conn)
    assert states(events(run), run) == [(None, "running"), ("running", "cancelled")]
    assert states(events(run), "audit:")[-1] == ("in_progress", "backlog")


def test_a_database_without_a_schema(audit: Audit, tree: Path, conn: Connection[Any]) -> None:
    conn.execute("alter function telemetry.events_between rename to elsewhere")
    with pytest.raises(Conflict) as caught:
        audit(tree)
    assert caught.value.reason == "not_migrated"


def test_undelivered_events_are_counted_and_delivered_by_the_next_run(
    client: pylayer.Client, tree: Path, events: Events, settings: Settings, spool: Path
) -> None:
    with pytest.MonkeyPatch.context() as impatient, Emitter(HttpTransport(NOBODY), spool=spool) as cut_off:
        impatient.setattr("pylayer.demo.audit._PATIENCE", 0.1)
        lost = run_audit(client, tree, emitter=cut_off)
        cut_off.close(0)
    assert lost.undelivered == 16
    assert events(lost.run_id) == []
    assert [step.name for step in lost.steps] == list(STEPS)
    with Emitter(SqlTransport(settings=settings), spool=spool) as connected:
        summary = run_audit(client, tree, emitter=connected)
    assert summary.undelivered == 0
    assert len(events(lost.run_id)) == 16
    assert states(events(summary.run_id), summary.item_id)[0] == ("done", "in_progress")
