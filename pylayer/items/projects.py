"""`client.projects`: the calls for projects of schema work."""

from __future__ import annotations

from typing import TypeAlias, Unpack

from psycopg.types.json import Jsonb

from pylayer.calls import Namespace, Plan, R, call, one, operation, rows, scalar
from pylayer.items.models import Project, ProjectFields

__all__ = ["Projects"]

_Listed: TypeAlias = list[Project]


class Projects(Namespace[R]):
    """Projects: a repository, and what items, artifacts and events belong to."""

    @operation
    def save(self, project_id: str, **fields: Unpack[ProjectFields]) -> Plan[Project]:
        """Make a project, or change what is given of one. Safe to repeat.

        Args:
            project_id: its id, 1 to 200 characters.
            **fields: those of `ProjectFields`; None clears one, what is left out stays.

        Raises:
            InvalidInput: an id or value that is none. NotFound: the project was removed.
            TooLarge: a field over 256 KiB.

        Example:
            >>> client.projects.save("web", repository="acme/web", test_coverage=0.8).name
            'web'
        """
        params = {"p_project_id": project_id, "p_fields": Jsonb(fields)}
        return (yield from call("work.save_project", params, one(Project), repeatable=True))

    @operation
    def get_by_id(self, project_id: str) -> Plan[Project]:
        """Return a project.

        Raises:
            NotFound: there is no such project.
        """
        return (
            yield from call("work.get_project", {"p_project_id": project_id}, one(Project), repeatable=True)
        )

    @operation
    def list(self, *, limit: int = 100, after: str | None = None) -> Plan[_Listed]:
        """Return a page of projects, by id.

        Args:
            limit: 1 to 1,000 projects.
            after: ``project_id`` that ended the previous page.

        Raises:
            InvalidInput: a limit that is none.
        """
        params = {"p_limit": limit, "p_after": after}
        return (yield from call("work.list_projects", params, rows(Project), repeatable=True))

    @operation
    def delete(self, project_id: str) -> Plan[bool]:
        """Mark a project as removed (admin). Its items, artifacts and events stay. Safe to repeat.

        Returns:
            True when this call did it, False when it was removed before.

        Raises:
            NotFound: there is no such project.
        """
        return (yield from call("work.delete_project", {"p_project_id": project_id}, scalar, repeatable=True))
