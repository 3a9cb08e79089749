"""The graph: collect, inspect, report, bundle, verify, as nodes of LangGraph."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeAlias, TypedDict

from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import RetryPolicy

from pylayer.artifacts import ArtifactVersion
from pylayer.client import Client
from pylayer.demo.bundle import write_bundle
from pylayer.demo.findings import FindingsFile, Inspection
from pylayer.demo.inspection import inspect_tree
from pylayer.demo.item import AuditItem
from pylayer.demo.report import render_report
from pylayer.demo.steps import STEPS, Watch
from pylayer.demo.text import plain
from pylayer.demo.tree import SourceTree, collect
from pylayer.errors import Conflict, Retryable, Unavailable
from pylayer.events import EventSink, current_context, emit_gap_found, emit_step_completed

__all__ = ["AuditGraph", "AuditState", "Nodes", "StoredArtifact", "Update", "build_graph"]

_RETRY = RetryPolicy(initial_interval=0.2, max_attempts=3, retry_on=(Retryable, Unavailable))


class StoredArtifact(ArtifactVersion):
    """An artifact of the run.

    Attributes:
        verified: whether its bytes were read back and have the right hash.
    """

    verified: bool


class AuditState(TypedDict):
    """What the nodes hand on, one after the other.

    Attributes:
        tree: the files.
        inspection: what was found.
        artifacts: what was stored.
        verified: the same, read back.
    """

    tree: SourceTree
    inspection: Inspection
    artifacts: Annotated[list[ArtifactVersion], operator.add]
    verified: list[StoredArtifact]


AuditGraph: TypeAlias = "CompiledStateGraph[AuditState, Any, AuditState, AuditState]"
Update: TypeAlias = dict[str, Any]


@dataclass
class Nodes:
    """The work of the nodes; each may be tried again. Run and item are those of the `run_context`.

    Attributes:
        client: where the artifacts go.
        emitter: where the events go.
        item: the work item.
        root: the folder to audit.
        workspace: a folder for files on their way.
        exclude: a folder to leave out.
        watch: is told how it goes on.
    """

    client: Client
    emitter: EventSink
    item: AuditItem
    root: Path
    workspace: Path
    exclude: Path | None
    watch: Watch

    def collect(self, state: AuditState) -> Update:
        """List the files."""
        self.watch.begin("collect")
        return {"tree": collect(self.root, exclude=self.exclude)}

    def after_collect(self, state: AuditState) -> str:
        """Return the next node: an empty tree passes inspect by."""
        if state["tree"].files:
            return "inspect"
        emit_step_completed(
            step_name="inspect",
            status="skipped",
            duration_ms=0,
            agent_role=STEPS["inspect"],
            emitter=self.emitter,
        )
        return "report"

    def inspect(self, state: AuditState) -> Update:
        """Run ruff and our own checks; each rule that found something is a gap."""
        self.watch.begin("inspect")
        inspection = inspect_tree(state["tree"], self.workspace / "findings.json", self._teller(state))
        for group in inspection.groups:
            emit_gap_found(
                gap_type=group.gap_type,
                severity=group.severity,
                stage_found="inspect",
                description=plain(
                    f"{group.title}: {group.count} in {group.files} files, first {group.example}"
                ),
                count=group.count,
                files=group.files,
                emitter=self.emitter,
            )
        return {"inspection": inspection}

    def report(self, state: AuditState) -> Update:
        """Store the report and the findings."""
        self.watch.begin("report")
        inspection = state.get("inspection") or self._nothing_found()
        text = render_report(state["tree"], inspection)
        self.watch.hush()
        report = self._store("audit_report", text, mime_type="text/markdown")
        findings = self._store("audit_findings", inspection.document, mime_type="application/json")
        return {"inspection": inspection, "artifacts": [report, findings]}

    def bundle(self, state: AuditState) -> Update:
        """Store the files."""
        self.watch.begin("bundle")
        tree = state["tree"]
        target = self.workspace / "tree.tar.gz"
        write_bundle(tree, target, self._teller(state))
        self.watch.hush()
        facts = {"files": len(tree.files), "content_bytes": tree.size_bytes}
        stored = self._store("source_bundle", target, mime_type="application/gzip", extracted_fields=facts)
        return {"artifacts": [stored]}

    def verify(self, state: AuditState) -> Update:
        """Read back what was stored."""
        self.watch.begin("verify")
        self.item.move("in_review")
        return {"verified": [self._verified(artifact) for artifact in state["artifacts"]]}

    def _nothing_found(self) -> Inspection:
        with FindingsFile(self.workspace / "findings.json") as empty:
            pass
        return empty.result()

    def _teller(self, state: AuditState) -> Callable[[int], None]:
        total, done = len(state["tree"].files), 0

        def tell(files: int) -> None:
            nonlocal done
            done += files
            self.watch.advance(done, total)

        return tell

    def _store(
        self,
        kind: str,
        content: str | Path,
        *,
        mime_type: str,
        extracted_fields: dict[str, int] | None = None,
    ) -> ArtifactVersion:
        context = current_context()
        known = self.client.artifacts.list(type=kind, owner_item_id=context.item_id, limit=1)
        stored = self.client.artifacts.write(
            type=kind,
            content=content,
            artifact_id=known[0].artifact_id if known else None,
            mime_type=mime_type,
            extracted_fields=extracted_fields,
            owner_item_id=context.item_id,
            owner_run_id=context.run_id,
        )
        self.client.artifacts.link(
            stored.artifact_id,
            "produced",
            version=stored.version,
            item_id=context.item_id,
            run_id=context.run_id,
            workflow_name=context.workflow_name,
        )
        return stored

    def _verified(self, artifact: ArtifactVersion) -> StoredArtifact:
        checked = self.client.artifacts.verify(artifact.artifact_id, artifact.version)
        if not checked.ok:
            raise Conflict(
                "an artifact does not have the bytes that were stored",
                reason="hash_mismatch",
                detail=f"{artifact.artifact_id} version {artifact.version}: {checked.checks[0].status}",
            )
        return StoredArtifact(**artifact.model_dump(), verified=checked.checks[0].status == "ok")


def build_graph(nodes: Nodes) -> AuditGraph:
    """Return the compiled graph."""
    graph = StateGraph(AuditState)
    for name, role in STEPS.items():
        graph.add_node(name, getattr(nodes, name), retry_policy=_RETRY, metadata={"agent_role": role})
    graph.add_edge(START, "collect")
    graph.add_conditional_edges("collect", nodes.after_collect, ["inspect", "report"])
    graph.add_edge("inspect", "report")
    graph.add_edge("report", "bundle")
    graph.add_edge("bundle", "verify")
    graph.add_edge("verify", END)
    return graph.compile()
