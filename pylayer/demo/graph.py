"""The graph: collect, inspect, report, bundle, as nodes of LangGraph."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Protocol, TypeAlias, TypedDict

from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import RetryPolicy

from pylayer.artifacts import ArtifactVersion
from pylayer.client import Client
from pylayer.demo.bundle import write_bundle
from pylayer.demo.emit import WORKFLOW
from pylayer.demo.findings import FindingsFile, Inspection
from pylayer.demo.inspection import inspect_tree
from pylayer.demo.report import render_report
from pylayer.demo.steps import STEPS, StepClock, StepName, Watch
from pylayer.demo.tree import SourceTree, collect
from pylayer.errors import Retryable, Unavailable

__all__ = ["AuditGraph", "AuditState", "Nodes", "Update", "build_graph"]

_RETRY = RetryPolicy(initial_interval=0.2, max_attempts=3, retry_on=(Retryable, Unavailable))


class AuditState(TypedDict):
    """What the nodes hand on, one after the other.

    Attributes:
        tree: the files.
        inspection: what was found.
        artifacts: what was stored.
    """

    tree: SourceTree
    inspection: Inspection
    artifacts: Annotated[list[ArtifactVersion], operator.add]


AuditGraph: TypeAlias = "CompiledStateGraph[AuditState, Any, AuditState, AuditState]"
Update: TypeAlias = dict[str, Any]


class Node(Protocol):
    """A node: it reads the state, and returns what is new in it."""

    def __call__(self, state: AuditState) -> Update:
        """Do the work."""
        ...


@dataclass
class Nodes:
    """The work of the four nodes; each may be tried again.

    Attributes:
        client: where the artifacts go.
        root: the folder to audit.
        run_id: the run.
        item_id: the work item that owns the artifacts.
        workspace: a folder for files on their way.
        exclude: a folder to leave out.
        watch: is told how it goes on.
        clock: times the nodes.
    """

    client: Client
    root: Path
    run_id: str
    item_id: str
    workspace: Path
    exclude: Path | None
    watch: Watch
    clock: StepClock = field(default_factory=StepClock)

    def collect(self, state: AuditState) -> Update:
        """List the files."""
        return {"tree": collect(self.root, exclude=self.exclude)}

    def inspect(self, state: AuditState) -> Update:
        """Run ruff and our own checks."""
        document = self.workspace / "findings.json"
        return {"inspection": inspect_tree(state["tree"], document, self._teller(state))}

    def report(self, state: AuditState) -> Update:
        """Store the report and the findings."""
        inspection = state.get("inspection") or self._nothing_found()
        text = render_report(state["tree"], inspection)
        self.watch.hush()
        report = self._store("audit_report", text, mime_type="text/markdown")
        findings = self._store("audit_findings", inspection.document, mime_type="application/json")
        return {"inspection": inspection, "artifacts": [report, findings]}

    def bundle(self, state: AuditState) -> Update:
        """Store the files."""
        tree = state["tree"]
        target = self.workspace / "tree.tar.gz"
        write_bundle(tree, target, self._teller(state))
        self.watch.hush()
        facts = {"files": len(tree.files), "content_bytes": tree.size_bytes}
        stored = self._store("source_bundle", target, mime_type="application/gzip", extracted_fields=facts)
        return {"artifacts": [stored]}

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
        known = self.client.artifacts.list(type=kind, owner_item_id=self.item_id, limit=1)
        stored = self.client.artifacts.write(
            type=kind,
            content=content,
            artifact_id=known[0].artifact_id if known else None,
            mime_type=mime_type,
            extracted_fields=extracted_fields,
            owner_item_id=self.item_id,
            owner_run_id=self.run_id,
        )
        self.client.artifacts.link(
            stored.artifact_id,
            "produced",
            version=stored.version,
            item_id=self.item_id,
            run_id=self.run_id,
            workflow_name=WORKFLOW,
        )
        return stored


def build_graph(nodes: Nodes) -> AuditGraph:
    """Return the compiled graph; an empty tree passes inspect by."""
    graph = StateGraph(AuditState)
    for name in STEPS:
        graph.add_node(name, _timed(nodes, name, getattr(nodes, name)), retry_policy=_RETRY)
    graph.add_edge(START, "collect")
    graph.add_conditional_edges("collect", _after_collect, ["inspect", "report"])
    graph.add_edge("inspect", "report")
    graph.add_edge("report", "bundle")
    graph.add_edge("bundle", END)
    return graph.compile()


def _after_collect(state: AuditState) -> str:
    return "inspect" if state["tree"].files else "report"


def _timed(nodes: Nodes, name: StepName, node: Node) -> Node:
    def timed(state: AuditState) -> Update:
        nodes.clock.begin(name)
        nodes.watch.begin(name)
        return node(state)

    return timed
