"""Running the graph, and persisting what happens as it happens."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import cast

from pydantic import BaseModel, ConfigDict

from pylayer.artifacts import ArtifactVersion
from pylayer.client import Client
from pylayer.demo.emit import RunEvents
from pylayer.demo.findings import FindingGroup, Inspection, Severity
from pylayer.demo.graph import AuditState, Nodes, Update, build_graph
from pylayer.demo.steps import Silent, StepName, StepResult, Watch
from pylayer.demo.text import plain, plural
from pylayer.demo.tree import SourceTree, item_id_of, source_root
from pylayer.errors import Conflict, PylayerError
from pylayer.ids import new_ulid

__all__ = ["AuditSummary", "StoredArtifact", "run_audit"]

_FIRST = cast("AuditState", {"artifacts": []})


class StoredArtifact(ArtifactVersion):
    """An artifact of the run.

    Attributes:
        verified: whether its bytes were read back and have the right hash.
    """

    verified: bool


class AuditSummary(BaseModel):
    """What a run did.

    Attributes:
        run_id: the run.
        item_id: the work item, the same for each run on this folder.
        path: the folder.
        files: number of files.
        size_bytes: bytes of all files together.
        listed_by: ``git`` or ``walk``.
        steps: the steps in order.
        findings: number of findings.
        by_severity: number of findings of each severity that occurs.
        groups: the findings by rule, the worst first.
        artifacts: what was stored.
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


def run_audit(
    client: Client, path: Path | None = None, *, exclude: Path | None = None, watch: Watch | None = None
) -> AuditSummary:
    """Audit a source tree and store events, report, findings and bundle.

    Args:
        client: a connected client.
        path: the folder; default the repository around the current folder, else pylayer's own checkout.
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
    watch = watch or Silent()
    events = RunEvents(client, new_ulid(), item_id_of(root))
    with tempfile.TemporaryDirectory(prefix="pylayer-demo-") as folder:
        nodes = Nodes(client, root, events.run_id, events.item_id, Path(folder), exclude, watch)
        steps: list[StepResult] = []
        try:
            return _run(nodes, events, steps)
        except BaseException as error:
            reason = _reason(error)
            step = nodes.clock.failed(reason)
            _report_failure(events, step, reason, error)
            if step is not None:
                watch.end(step)
            if isinstance(error, OSError):
                raise PylayerError("a file could not be used", reason="os_error", detail=reason) from error
            raise


def _run(nodes: Nodes, events: RunEvents, steps: list[StepResult]) -> AuditSummary:
    events.started()
    state = _FIRST
    for name, update in _updates(nodes):
        state = _merged(state, update)
        for result in _results(nodes, name, state):
            is_inspection = result.name == "inspect" and result.status == "succeeded"
            events.step_completed(result, state["inspection"].groups if is_inspection else ())
            nodes.watch.end(result)
            steps.append(result)
    events.in_review()
    artifacts = [_verified(nodes.client, artifact) for artifact in state["artifacts"]]
    events.succeeded()
    return _summary(events, state["tree"], state["inspection"], steps, artifacts)


def _updates(nodes: Nodes) -> Iterator[tuple[StepName, Update]]:
    for chunk in build_graph(nodes).stream(_FIRST, stream_mode="updates"):
        yield from cast("Mapping[StepName, Update]", chunk).items()


def _merged(state: AuditState, update: Update) -> AuditState:
    artifacts = [*state["artifacts"], *update.get("artifacts", [])]
    return cast("AuditState", {**state, **update, "artifacts": artifacts})


def _results(nodes: Nodes, name: StepName, state: AuditState) -> Iterator[StepResult]:
    yield nodes.clock.succeeded(_note(name, state))
    if name == "collect" and not state["tree"].files:
        yield StepResult(name="inspect", status="skipped", note="nothing to inspect")


def _note(name: StepName, state: AuditState) -> str:
    if name == "collect":
        tree = state["tree"]
        return (
            f"{plural(len(tree.files), 'file')}, listed by {'git' if tree.listed_by == 'git' else 'a walk'}"
        )
    if name == "inspect":
        inspection = state["inspection"]
        return f"{plural(inspection.count, 'finding')} by {plural(len(inspection.groups), 'rule')}"
    stored = state["artifacts"][:2] if name == "report" else state["artifacts"][2:]
    return ", ".join(f"{a.type} v{a.version}" for a in stored if a.created) or "unchanged"


def _verified(client: Client, artifact: ArtifactVersion) -> StoredArtifact:
    checked = client.artifacts.verify(artifact.artifact_id, artifact.version)
    if not checked.ok:
        raise Conflict(
            "an artifact does not have the bytes that were stored",
            reason="hash_mismatch",
            detail=f"{artifact.artifact_id} version {artifact.version}: {checked.checks[0].status}",
        )
    return StoredArtifact(**artifact.model_dump(), verified=checked.checks[0].status == "ok")


def _summary(
    events: RunEvents,
    tree: SourceTree,
    inspection: Inspection,
    steps: list[StepResult],
    artifacts: list[StoredArtifact],
) -> AuditSummary:
    return AuditSummary(
        run_id=events.run_id,
        item_id=events.item_id,
        path=plain(str(tree.root)),
        files=len(tree.files),
        size_bytes=tree.size_bytes,
        listed_by=tree.listed_by,
        steps=steps,
        findings=inspection.count,
        by_severity=inspection.by_severity,
        groups=list(inspection.groups),
        artifacts=artifacts,
    )


def _reason(error: BaseException) -> str:
    text = str(error) or type(error).__name__
    return plain(text)[:500]


def _report_failure(events: RunEvents, step: StepResult | None, reason: str, error: BaseException) -> None:
    """Report a failure; when that fails too (the database is away), the first error is the one to raise."""
    try:
        events.failed(step, reason)
    except PylayerError as second:
        error.add_note(f"the failure could not be reported: {second}")
