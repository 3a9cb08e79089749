"""What goes in and out of `client.items` and `client.projects`."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypedDict

from pydantic import BaseModel, ConfigDict, Field

from pylayer.ids import new_ulid

__all__ = [
    "Attachment",
    "Comment",
    "Decision",
    "Item",
    "ItemFields",
    "ItemMatch",
    "ItemState",
    "Project",
    "ProjectFields",
    "Transition",
]


class ItemFields(TypedDict, total=False):
    """The fields of an item that people and agents edit; None clears one."""

    title: str
    description: str | None
    priority: int
    project_id: str | None
    github_repository: str | None
    github_number: int | None
    github_node_id: str | None
    github_url: str | None
    ai_analysis: dict[str, Any] | None
    ai_suggestions: dict[str, Any] | list[Any] | None
    tags: dict[str, Any] | list[Any] | None
    metadata: dict[str, Any] | None


class ProjectFields(TypedDict, total=False):
    """The fields of a project; None clears one."""

    name: str
    description: str | None
    repository: str | None
    default_branch: str
    tech_stack: dict[str, Any] | list[Any] | None
    pr_merge_rate: float | None
    test_coverage: float | None
    tags: dict[str, Any] | list[Any] | None
    metadata: dict[str, Any] | None


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Item(_Row):
    """A work item. One that is made here, with version 0, is not stored until `client.items.save` does.

    Attributes:
        item_id: its id, a ULID or one of the team's own such as ``INFR-001``.
        project_id: project, or None.
        item_type: ``story``, ``bug``, ``task``, ``issue``, ``pull_request``, ``epic`` or another that the
            database knows; it decides the states.
        title: 1 to 500 characters.
        description: text such as Markdown, or None.
        priority: 0 (drop everything) to 4 (some day).
        state: its state; None until it is stored, then the first of its type.
        state_seq: number of its latest change of state, 1 is the creation.
        state_since: since when it is in this state.
        closed_at: since when it is in a final state; None is open.
        version: counts edits and assignments; 0 is not stored.
        assigned_user_id: user who works on it, or None.
        assigned_agent_id: agent that works on it, or None; never together with a user.
        depends_on: ids of the items that must be done first.
        github_repository: ``owner/name``, or None.
        github_number: number of the issue or pull request, or None.
        github_node_id: node id on GitHub, or None.
        github_url: address on GitHub, or None.
        ai_analysis: what an agent found out about it, or None.
        ai_suggestions: what an agent suggests, or None.
        tags: to search by containment, or None.
        metadata: whatever else, or None.
        created_by: who made it, in words.
        run_id: workflow run that made it, or None.
        created_at: when it was made.
        updated_at: last edit or assignment.
    """

    item_id: str = Field(default_factory=new_ulid)
    project_id: str | None = None
    item_type: str
    title: str
    description: str | None = None
    priority: int = 2
    state: str | None = None
    state_seq: int = 0
    state_since: datetime | None = None
    closed_at: datetime | None = None
    version: int = 0
    assigned_user_id: str | None = None
    assigned_agent_id: str | None = None
    depends_on: tuple[str, ...] = ()
    github_repository: str | None = None
    github_number: int | None = None
    github_node_id: str | None = None
    github_url: str | None = None
    ai_analysis: dict[str, Any] | None = None
    ai_suggestions: dict[str, Any] | list[Any] | None = None
    tags: dict[str, Any] | list[Any] | None = None
    metadata: dict[str, Any] | None = None
    created_by: str | None = None
    run_id: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None

    def fields(self) -> dict[str, Any]:
        """Return the fields that people and agents edit, as `ItemFields`."""
        return self.model_dump(include=set(ItemFields.__annotations__))


class ItemMatch(_Row):
    """An item that a search found.

    Attributes:
        item_id, project_id, item_type, title, state, closed_at: as of `Item`.
        comment_id: the comment that matched best; None is title and description.
        rank: greater is better.
        snippet: a piece of the text, the words in ``** **``.
    """

    item_id: str
    project_id: str | None
    item_type: str
    title: str
    state: str
    closed_at: datetime | None
    comment_id: str | None
    rank: float
    snippet: str


class ItemState(_Row):
    """A state of a type of item.

    Attributes:
        item_type: the type.
        state: the state.
        is_initial: an item may begin in it.
        is_final: an item in it is closed.
        is_agreed: an edit of title or description in it stores ``workflow.story_changed``.
        description: what it means.
        to_states: states that an item may go to from it.
    """

    item_type: str
    state: str
    is_initial: bool
    is_final: bool
    is_agreed: bool
    description: str
    to_states: tuple[str, ...]


class Transition(_Row):
    """A change of an item's state.

    Attributes:
        item_id: the item.
        seq: from 1, the creation, without a gap.
        from_state: state that was left; None at creation.
        to_state: state that was entered.
        actor: who did it, in words.
        reason: why, or None.
        run_id, workflow_name, agent_role: where it comes from, or None.
        time_in_state_seconds: seconds spent in ``from_state``; None at creation.
        occurred_at: when.
    """

    item_id: str
    seq: int
    from_state: str | None
    to_state: str
    actor: str
    reason: str | None
    run_id: str | None
    workflow_name: str | None
    agent_role: str | None
    time_in_state_seconds: float | None
    occurred_at: datetime


class Decision(_Row):
    """A decision; it never changes, another may supersede it.

    Attributes:
        decision_id: ULID.
        project_id, item_id: what it is about, or None.
        title: the question.
        decision: what was decided.
        rationale: why, or None.
        alternatives: what was not chosen, or None.
        supersedes_id: decision that no longer holds, or None.
        superseded_by_id: decision that holds instead; None where this one holds.
        decided_by: who decided, in words.
        run_id: workflow run in which it was decided, or None.
        decided_at: when.
    """

    decision_id: str
    project_id: str | None
    item_id: str | None
    title: str
    decision: str
    rationale: str | None
    alternatives: list[Any] | None
    supersedes_id: str | None
    superseded_by_id: str | None
    decided_by: str
    run_id: str | None
    decided_at: datetime


class Comment(_Row):
    """A comment on an item.

    Attributes:
        comment_id: ULID.
        item_id: the item.
        body: text such as Markdown.
        author: who wrote it, in words.
        is_ai: an AI wrote it.
        author_user_id, author_agent_id: who wrote it, where known.
        github_node_id: node id on GitHub, or None.
        metadata: whatever else, or None.
        created_at: when it was written.
        edited_at: when it was last edited; None is never.
        edited_by: who last edited it, in words, or None.
    """

    comment_id: str
    item_id: str
    body: str
    author: str
    is_ai: bool
    author_user_id: str | None
    author_agent_id: str | None
    github_node_id: str | None
    metadata: dict[str, Any] | None
    created_at: datetime
    edited_at: datetime | None
    edited_by: str | None


class Attachment(_Row):
    """A version of an artifact that belongs to an item.

    Attributes:
        item_id: the item.
        artifact_id, version: the version; `client.artifacts` reads it.
        label: what it is for, or None.
        attached_by: who attached it, in words.
        created_at: when.
    """

    item_id: str
    artifact_id: str
    version: int
    label: str | None
    attached_by: str
    created_at: datetime


class Project(_Row):
    """A project.

    Attributes:
        project_id: its id.
        name: as people read it.
        description: what it is about, or None.
        repository: ``owner/name`` or a URL, or None.
        default_branch: branch that work starts from.
        tech_stack: languages, frameworks and services, or None.
        pr_merge_rate: share of pull requests that were merged, 0 to 1, or None.
        test_coverage: share of the code that tests run, 0 to 1, or None.
        tags: to search by containment, or None.
        metadata: whatever else, or None.
        created_at: when it was made.
        updated_at: last change.
    """

    project_id: str
    name: str
    description: str | None
    repository: str | None
    default_branch: str
    tech_stack: dict[str, Any] | list[Any] | None
    pr_merge_rate: float | None
    test_coverage: float | None
    tags: dict[str, Any] | list[Any] | None
    metadata: dict[str, Any] | None
    created_at: datetime
    updated_at: datetime
