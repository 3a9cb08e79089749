"""Running the graph: it reports itself, and the audit what becomes of the work item."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import cast

from pydantic import BaseModel, ConfigDict

from pylayer.client import Client
from pylayer.demo.findings import FindingGroup, Severity
from pylayer.demo.graph import AuditState, Nodes, StoredArtifact, build_graph
from pylayer.demo.item import AuditItem
from pylayer.demo.steps import STEPS, Silent, StepLog, StepName, StepResult, Watch
from pylayer.demo.text import plain, plural
from pylayer.demo.tree import item_id_of, source_root
from pylayer.emitter import Emitter, default_emitter
from pylayer.errors import PylayerError
from pylayer.events import run_context
from pylayer.ids import new_ulid
from pylayer.langgraph import instrument

__all__ = ["AuditSummary", "run_audit"]

_WORKFLOW = "source_audit"
_PATIENCE = 5.0  # seconds that a run waits for the delivery of its events
_FIRST = cast("AuditState", {"artifacts": []})


class AuditSummary(BaseModel):
    """What a run did.

    Attributes:
        run_id: the run.
        item_id: the work item, the same for each run on this folder.
        path: the folder.
        files: number of files.
        size_bytes: bytes of all files together.
        listed_by: ``git`` or ``walk``.
        steps: the steps in order, each attempt of them.
        findings: number of findings.
        by_severity: number of findings of each severity that occurs.
        groups: the findings by rule, the worst first.
        artifacts: what was stored.
        undelivered: events that the emitter still keeps, or that were refused; 0 unless something is wrong.
    """

    model_config = ConfigDict(frozen=True)

    run_id: str
    item_id: str
    path: str
    files: int
    size_bytes: int
    listed_by: str
    steps: list[StepResult]
    findings: int
    by_severity: dict[Severity, int]
    groups: list[FindingGroup]
    artifacts: list[StoredArtifact]
    undelivered: int


def run_audit(
    client: Client,
    path: Path | None = None,
    *,
    emitter: Emitter | None = None,
    exclude: Path | None = None,
    watch: Watch | None = None,
) -> AuditSummary:
    """Audit a source tree and store events, report, findings and bundle.

    Args:
        client: a connected client, for the artifacts and the item's last state.
        path: the folder; default the repository around the current folder, else pylayer's own checkout.
        emitter: where the events go, to the same database; default `pylayer.emitter.default_emitter`.
        exclude: a folder to leave out, such as the stack's data directory.
        watch: is told how it goes on.

    Returns:
        The summary of a run that succeeded.

    Raises:
        NotFound, InvalidInput, Forbidden: the path is not usable; no run was made.
        PylayerError: the run failed, which its events say too.

    Example:
        >>> run_audit(client, Path("src")).findings                             # doctest: +SKIP
        3
    """
    root = source_root(path)
    emitter = emitter or default_emitter()
    log = StepLog(emitter)
    run_id, item_id = new_ulid(), item_id_of(root)
    with (
        run_context(run_id=run_id, item_id=item_id, workflow_name=_WORKFLOW, agent_role="auditor"),
        tempfile.TemporaryDirectory(prefix="pylayer-demo-") as folder,
    ):
        emitter.flush(_PATIENCE)  # what an earlier run left undelivered has the item's last state
        item = AuditItem(client, item_id, log)
        nodes = Nodes(client, log, item, root, Path(folder), exclude, watch or Silent())
        try:
            state = _run(nodes, log)
        finally:
            emitter.flush(_PATIENCE)
    stats = emitter.stats
    tree, inspection = state["tree"], state["inspection"]
    return AuditSummary(
        run_id=run_id,
        item_id=item_id,
        path=plain(str(tree.root)),
        files=len(tree.files),
        size_bytes=tree.size_bytes,
        listed_by=tree.listed_by,
        steps=[_with_note(step, state) for step in sorted(log.steps, key=_place)],
        findings=inspection.count,
        by_severity=inspection.by_severity,
        groups=list(inspection.groups),
        artifacts=state["verified"],
        undelivered=stats.pending + stats.conflicts + stats.refused,
    )


def _run(nodes: Nodes, log: StepLog) -> AuditState:
    try:
        nodes.item.start()
        state = instrument(build_graph(nodes), emitter=log).invoke(_FIRST)
        nodes.item.move("done")
    except BaseException as error:
        reason = plain(str(error) or type(error).__name__)[:500]
        nodes.item.move("backlog", reason)
        if isinstance(error, OSError):
            raise PylayerError("a file could not be used", reason="os_error", detail=reason) from error
        raise
    return cast("AuditState", state)


def _place(step: StepResult) -> int:
    return list(STEPS).index(step.name)


def _with_note(step: StepResult, state: AuditState) -> StepResult:
    if step.status == "failed":
        return step
    note = "nothing to inspect" if step.status == "skipped" else _note(step.name, state)
    return step.model_copy(update={"note": note})


def _note(name: StepName, state: AuditState) -> str:
    if name == "collect":
        tree = state["tree"]
        return (
            f"{plural(len(tree.files), 'file')}, listed by {'git' if tree.listed_by == 'git' else 'a walk'}"
        )
    if name == "inspect":
        inspection = state["inspection"]
        return f"{plural(inspection.count, 'finding')} by {plural(len(inspection.groups), 'rule')}"
    if name == "verify":
        return plural(len(state["verified"]), "artifact")
    stored = state["artifacts"][:2] if name == "report" else state["artifacts"][2:]
    return ", ".join(f"{a.type} v{a.version}" for a in stored if a.created) or "unchanged"
