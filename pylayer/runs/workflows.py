"""`client.workflows`: the registered definitions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from pylayer.calls import Namespace, Plan, R, call, one, operation, rows
from pylayer.runs.encoding import encode, encoded_or_none
from pylayer.runs.models import WorkflowStatus, WorkflowVersion

__all__ = ["Workflows"]

_Listed: TypeAlias = list[WorkflowVersion]


class Workflows(Namespace[R]):
    """Definitions of workflows with semantic versions; one that a run has used never changes."""

    @operation
    def save(
        self,
        workflow_id: str,
        version: str,
        steps: Iterable[Mapping[str, Any]] = (),
        *,
        name: str | None = None,
        description: str | None = None,
        status: WorkflowStatus = "active",
        project_id: str | None = None,
        metadata: dict[str, Any] | None = None,
        tags: Any = None,
    ) -> Plan[WorkflowVersion]:
        """Register a version. Safe to repeat.

        Args:
            workflow_id: its name, at most 200 bytes.
            version: semantic version such as ``1.2.0``.
            steps: at most 500 mappings with ``name`` and, where a step has some, ``depends_on``: their names.
            name, description: title and text for people.
            status: of a version that is new; `set_status` changes it later.
            project_id, metadata, tags: free.

        Raises:
            InvalidInput: a value that is none. Conflict: ``workflow_in_use``. TooLarge: steps of over 1 MiB.
            ValidationFailed: steps of one name, an unknown dependency, a cycle.

        Example:
            >>> steps = [{"name": "build"}, {"name": "test", "depends_on": ["build"]}]
            >>> client.workflows.save("release", "1.0.0", steps).created
            True
        """
        params: dict[str, Any] = {
            "p_workflow_id": workflow_id,
            "p_version": version,
            "p_steps": encode(list(steps)),
            "p_name": name,
            "p_description": description,
            "p_status": status,
            "p_project_id": project_id,
            "p_metadata": encoded_or_none(metadata),
            "p_tags": encoded_or_none(tags),
        }
        return (yield from call("work.register_workflow", params, one(WorkflowVersion), repeatable=True))

    @operation
    def set_status(self, workflow_id: str, version: str, status: WorkflowStatus) -> Plan[WorkflowVersion]:
        """Set the status of a version (admin): ``latest`` and ranges find active ones only.

        Raises:
            InvalidInput: no status. NotFound: no such version.
        """
        params = {"p_workflow_id": workflow_id, "p_version": version, "p_status": status}
        return (yield from call("work.set_workflow_status", params, one(WorkflowVersion), repeatable=True))

    @operation
    def get_by_id(self, workflow_id: str, version: str = "latest") -> Plan[WorkflowVersion]:
        """Return the version that a selector finds.

        Args:
            workflow_id: its name.
            version: an exact one such as ``1.2.3``, whatever its status; or ``latest``, ``^1.2`` or ``~1.2``:
                the greatest active one in the range.

        Raises:
            InvalidInput: no selector. NotFound: none is found.
        """
        params = {"p_workflow_id": workflow_id, "p_version": version}
        return (yield from call("work.get_workflow", params, one(WorkflowVersion), repeatable=True))

    @operation
    def list(
        self,
        workflow_id: str | None = None,
        *,
        status: WorkflowStatus | None = None,
        project_id: str | None = None,
        limit: int = 100,
        after: WorkflowVersion | None = None,
    ) -> Plan[_Listed]:
        """Return a page of versions: by name, the greatest version first.

        Args:
            workflow_id, status, project_id: exact filters.
            limit: 1 to 1,000.
            after: the last of the page before.
        """
        params: dict[str, Any] = {
            "p_workflow_id": workflow_id,
            "p_status": status,
            "p_project_id": project_id,
            "p_limit": limit,
            "p_after": [after.workflow_id, after.version] if after else None,
        }
        return (yield from call("work.list_workflows", params, rows(WorkflowVersion), repeatable=True))
