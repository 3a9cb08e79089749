"""Runs of the graph, and what they leave in Postgres and S3."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection

import pylayer
from pylayer.demo import graph
from pylayer.demo.audit import AuditSummary, run_audit
from pylayer.demo.steps import STEPS, Silent, StepName
from pylayer.errors import Conflict, Unavailable

Events = Callable[[str], list[dict[str, Any]]]


def states(found: list[dict[str, Any]], item_id: str) -> list[tuple[str | None, str]]:
    changes = [e["payload"] for e in found if e["event_name"] == "workflow.item_state_changed"]
    kind = "task" if item_id.startswith("audit:") else "workflow_run"
    return [(c["from_state"], c["to_state"]) for c in changes if c["item_type"] == kind]


def versions(summary: AuditSummary) -> dict[str, tuple[int, bool]]:
    return {artifact.type: (artifact.version, artifact.created) for artifact in summary.artifacts}


def test_events_tell_the_run(client: pylayer.Client, tree: Path, events: Events) -> None:
    summary = run_audit(client, tree)
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
    assert states(found, summary.run_id) == [(None, "running"), ("running", "succeeded")]
    assert states(found, summary.item_id) == [
        (None, "backlog"),
        ("backlog", "in_progress"),
        ("in_progress", "in_review"),
        ("in_review", "done"),
    ]
    assert {e["workflow_name"] for e in found} == {"source_audit"}
    assert {e["item_id"] for e in found} == {summary.item_id, summary.run_id}
    assert len(found) == len(steps) + len(gaps) + 6


def test_artifacts_are_stored_linked_and_verified(
    client: pylayer.Client, tree: Path, conn: Connection[dict[str, Any]]
) -> None:
    summary = run_audit(client, tree)
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


def test_unchanged_makes_no_version_and_changed_the_next(
    client: pylayer.Client, tree: Path, events: Events
) -> None:
    first = run_audit(client, tree)
    assert versions(first) == dict.fromkeys(versions(first), (1, True))
    again = run_audit(client, tree)
    assert versions(again) == dict.fromkeys(versions(first), (1, False))
    assert states(events(again.run_id), again.item_id)[0] == ("done", "in_progress")
    (tree / "tool.sh").write_text("#!/bin/ls\n")
    changed = run_audit(client, tree)
    assert versions(changed) == {
        "audit_report": (1, False),
        "audit_findings": (1, False),
        "source_bundle": (2, True),
    }
    (tree / "package" / "broken.py").write_text("x = 1\n")
    fixed = run_audit(client, tree)
    assert versions(fixed) == {
        "audit_report": (2, True),
        "audit_findings": (2, True),
        "source_bundle": (3, True),
    }
    assert {a.artifact_id for a in fixed.artifacts} == {a.artifact_id for a in first.artifacts}


def test_an_empty_tree_skips_the_inspection(client: pylayer.Client, tmp_path: Path, events: Events) -> None:
    root = tmp_path / "empty"
    root.mkdir()
    summary = run_audit(client, root)
    assert [(s.name, s.status) for s in summary.steps] == [
        ("collect", "succeeded"),
        ("inspect", "skipped"),
        ("report", "succeeded"),
        ("bundle", "succeeded"),
    ]
    assert (summary.files, summary.findings) == (0, 0)
    steps = [e["payload"] for e in events(summary.run_id) if e["event_name"] == "workflow.step_completed"]
    assert [(s["step_name"], s["status"]) for s in steps] == [(s.name, s.status) for s in summary.steps]


class Saboteur(Silent):
    """Removes a file as soon as a step begins."""

    def __init__(self, step: StepName, victim: Path) -> None:
        self.step = step
        self.victim = victim

    def begin(self, name: StepName) -> None:
        if name == self.step:
            self.victim.unlink()


@pytest.mark.parametrize(
    ("step", "done"), [("inspect", ["collect"]), ("bundle", ["collect", "inspect", "report"])]
)
def test_a_failing_node_fails_the_run(
    client: pylayer.Client, tree: Path, events: Events, step: StepName, done: list[str]
) -> None:
    with pytest.raises(Conflict) as caught:
        run_audit(client, tree, watch=Saboteur(step, tree / "long.py"))
    assert caught.value.reason == "tree_changed"
    (run,) = {event.run_id for event in client.events.query(workflow_name="source_audit")}
    assert run is not None
    found = events(run)
    steps = [e["payload"] for e in found if e["event_name"] == "workflow.step_completed"]
    assert [(s["step_name"], s["status"]) for s in steps] == [
        *((n, "succeeded") for n in done),
        (step, "failed"),
    ]
    assert "long.py" in steps[-1]["error"]
    assert states(found, run) == [(None, "running"), ("running", "failed")]
    assert states(found, "audit:")[-1] == ("in_progress", "backlog")
    assert run_audit(client, tree).steps[-1].status == "succeeded"


def test_a_node_that_recovers_counts_its_retries(
    client: pylayer.Client, tree: Path, events: Events, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_bundle, failures = graph.write_bundle, [Unavailable("away"), Unavailable("still away")]

    def flaky(*arguments: Any) -> None:
        if failures:
            raise failures.pop()
        write_bundle(*arguments)

    monkeypatch.setattr(graph, "write_bundle", flaky)
    summary = run_audit(client, tree)
    bundles = [e["payload"] for e in events(summary.run_id) if e["payload"].get("step_name") == "bundle"]
    assert [(b["status"], b["retry_count"]) for b in bundles] == [("succeeded", 2)]


def test_damage_in_storage_fails_the_run(
    client: pylayer.Client, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = run_audit(client, tree).artifacts[-1]
    client.blobs.put(stored.storage_key or "", b"\1" * stored.size_bytes)
    with pytest.raises(Conflict) as caught:
        run_audit(client, tree)
    assert caught.value.reason == "hash_mismatch"


def test_an_interrupted_run_is_failed(client: pylayer.Client, tree: Path, events: Events) -> None:
    class Interrupted(Silent):
        def begin(self, name: StepName) -> None:
            if name == "report":
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_audit(client, tree, watch=Interrupted())
    (run,) = {event.run_id for event in client.events.query(workflow_name="source_audit")}
    assert states(events(run or ""), run or "") == [(None, "running"), ("running", "failed")]


def test_a_database_without_a_schema(client: pylayer.Client, tree: Path, conn: Connection[Any]) -> None:
    conn.execute("alter function telemetry.events_between rename to elsewhere")
    with pytest.raises(Conflict) as caught:
        run_audit(client, tree)
    assert caught.value.reason == "not_migrated"
