"""`client.items`: the calls for work items of schema work."""

from __future__ import annotations

from typing import Any, TypeAlias, Unpack

from psycopg.types.json import Jsonb

from pylayer.calls import Namespace, Plan, R, call, one, operation, rows, scalar
from pylayer.errors import InvalidInput
from pylayer.ids import new_ulid
from pylayer.items.models import Attachment, Item, ItemFields, ItemMatch, ItemState, Transition

__all__ = ["Items"]

_Listed: TypeAlias = list[Item]


class Items(Namespace[R]):
    """Work items: their state moves as the tables allow, with a history and an event of each change."""

    @operation
    def save(self, item: Item, *, actor: str | None = None) -> Plan[Item]:
        """Store an item that was made here, or the edits of one that was read.

        Its state and assignment are not edits: `transition` and `assign` change them. An item that was read
        is stored only if nobody has edited it since.

        Args:
            item: a new `Item` (version 0), or ``found.model_copy(update={...})``.
            actor: who does it, in words; default the login.

        Raises:
            InvalidInput: a value that is none; ``not_made_here``: a new item that is assigned or waits.
            NotFound: no such item or project.
            Conflict: ``stale_version``: somebody has edited it; ``item_exists``: the id is another item's.
            TooLarge: a field over 256 KiB.

        Example:
            >>> item = client.items.save(Item(item_type="story", title="Sign in"))
            >>> client.items.save(item.model_copy(update={"priority": 0})).version
            2
        """
        fields = item.fields()
        if item.version:
            params = {
                "p_item_id": item.item_id,
                "p_changes": Jsonb(fields),
                "p_expected_version": item.version,
                "p_actor": actor,
            }
            return (yield from call("work.update_item", params, one(Item)))
        if item.assigned_user_id or item.assigned_agent_id or item.depends_on:
            raise InvalidInput(
                "an item is made without an assignment and without dependencies",
                reason="not_made_here",
                detail=f"item {item.item_id}",
                hint="save it first, then call assign and add_dependency",
            )
        title = fields.pop("title")
        params = {
            "p_item_type": item.item_type,
            "p_title": title,
            "p_fields": Jsonb(fields),
            "p_item_id": item.item_id,
            "p_state": item.state,
            "p_actor": actor or item.created_by,
            "p_run_id": item.run_id,
        }
        return (yield from call("work.create_item", params, one(Item), repeatable=True))

    @operation
    def create(
        self,
        item_type: str,
        title: str,
        *,
        item_id: str | None = None,
        state: str | None = None,
        description: str | None = None,
        priority: int = 2,
        project_id: str | None = None,
        tags: dict[str, Any] | list[Any] | None = None,
        metadata: dict[str, Any] | None = None,
        actor: str | None = None,
        run_id: str | None = None,
    ) -> Plan[Item]:
        """Make an item, in an initial state of its type. What else an `Item` has, `save` stores.

        Args:
            item_type: ``story``, ``bug``, ``task``, ``issue``, ``pull_request``, ``epic`` or another that the
                database knows.
            title: 1 to 500 characters.
            item_id: an id of the team's own; default a ULID.
            state: an initial state of the type; default the first.
            description, priority, project_id, tags, metadata: as of `Item`.
            actor: who makes it, in words; default the login.
            run_id: workflow run that makes it.

        Raises:
            InvalidInput: a value that is none. NotFound: no such project.
            Conflict: ``item_exists``: the id is another item's; ``illegal_initial_state``.
            TooLarge: a field over 256 KiB.

        Example:
            >>> client.items.create("bug", "It crashes", priority=0).state
            'backlog'
        """
        given = {
            "description": description,
            "priority": priority,
            "project_id": project_id,
            "tags": tags,
            "metadata": metadata,
        }
        params: dict[str, Any] = {
            "p_item_type": item_type,
            "p_title": title,
            "p_fields": Jsonb(given),
            "p_item_id": item_id or new_ulid(),
            "p_state": state,
            "p_actor": actor,
            "p_run_id": run_id,
        }
        return (yield from call("work.create_item", params, one(Item), repeatable=True))

    @operation
    def update(
        self,
        item_id: str,
        *,
        expected_version: int | None = None,
        actor: str | None = None,
        change_type: str | None = None,
        cause_stage: str | None = None,
        summary: str | None = None,
        run_id: str | None = None,
        workflow_name: str | None = None,
        agent_role: str | None = None,
        **changes: Unpack[ItemFields],
    ) -> Plan[Item]:
        """Edit an item. An edit of an agreed story's title or description stores ``workflow.story_changed``.

        Args:
            item_id: the item.
            expected_version: refuse the edit when the item has another version.
            actor: who edits, in words; default the login.
            change_type: kind of change, for the event; default the fields that changed.
            cause_stage: stage that made it necessary, for the event; default the item's state.
            summary: the change in words, for the event.
            run_id, workflow_name, agent_role: where the edit comes from, for the event.
            **changes: those of `ItemFields`; None clears one, what is left out stays.

        Raises:
            InvalidInput: a value that is none. NotFound: no such item or project.
            Conflict: ``stale_version``, or another item has this place on GitHub.
            TooLarge: a field over 256 KiB.
        """
        params: dict[str, Any] = {
            "p_item_id": item_id,
            "p_changes": Jsonb(changes),
            "p_expected_version": expected_version,
            "p_actor": actor,
            "p_change_type": change_type,
            "p_cause_stage": cause_stage,
            "p_summary": summary,
            "p_run_id": run_id,
            "p_workflow_name": workflow_name,
            "p_agent_role": agent_role,
        }
        return (yield from call("work.update_item", params, one(Item), repeatable=expected_version is None))

    @operation
    def transition(
        self,
        item_id: str,
        to_state: str,
        *,
        expected_state: str | None = None,
        actor: str | None = None,
        reason: str | None = None,
        run_id: str | None = None,
        workflow_name: str | None = None,
        agent_role: str | None = None,
    ) -> Plan[Transition]:
        """Change the state of an item, with a row of its history and an event: all of them or none.

        Args:
            item_id: the item.
            to_state: state to enter; `states` shows what is legal.
            expected_state: refuse the change when the item is in another state.
            actor: who does it, in words; default the login.
            reason: why, at most 2,000 characters.
            run_id, workflow_name, agent_role: where the change comes from.

        Raises:
            InvalidInput: a text that is too long. NotFound: no such item.
            Conflict: ``stale_state``, or ``illegal_transition``, whose hint lists the legal moves.
        """
        params: dict[str, Any] = {
            "p_item_id": item_id,
            "p_to_state": to_state,
            "p_expected_state": expected_state,
            "p_actor": actor,
            "p_reason": reason,
            "p_run_id": run_id,
            "p_workflow_name": workflow_name,
            "p_agent_role": agent_role,
        }
        return (yield from call("work.transition_item", params, one(Transition)))

    @operation
    def assign(
        self,
        item_id: str,
        *,
        user_id: str | None = None,
        agent_id: str | None = None,
        expected_version: int | None = None,
    ) -> Plan[Item]:
        """Assign an item to a user or to an agent; neither is nobody.

        Raises:
            InvalidInput: a user and an agent at once. NotFound: no such item, user or agent.
            Conflict: ``stale_version``.
        """
        params: dict[str, Any] = {
            "p_item_id": item_id,
            "p_user_id": user_id,
            "p_agent_id": agent_id,
            "p_expected_version": expected_version,
        }
        return (yield from call("work.assign_item", params, one(Item), repeatable=expected_version is None))

    @operation
    def get_by_id(self, item_id: str) -> Plan[Item]:
        """Return an item.

        Raises:
            NotFound: there is no such item.
        """
        return (yield from call("work.get_item", {"p_item_id": item_id}, one(Item), repeatable=True))

    @operation
    def list(
        self,
        *,
        project_id: str | None = None,
        item_type: str | None = None,
        state: str | None = None,
        open: bool | None = None,
        user_id: str | None = None,
        agent_id: str | None = None,
        tags: Any = None,
        limit: int = 100,
        after: str | None = None,
    ) -> Plan[_Listed]:
        """Return a page of items, newest first.

        Args:
            project_id, item_type, state, user_id, agent_id: exact filters.
            open: True: only in states that are not final; False: only in those that are.
            tags: contained in the item's tags.
            limit: 1 to 1,000 items.
            after: ``item_id`` that ended the previous page.

        Raises:
            InvalidInput: a limit that is none. NotFound: ``after`` is no item.
        """
        params: dict[str, Any] = {
            "p_project_id": project_id,
            "p_item_type": item_type,
            "p_state": state,
            "p_open": open,
            "p_user_id": user_id,
            "p_agent_id": agent_id,
            "p_tags": None if tags is None else Jsonb(tags),
            "p_limit": limit,
            "p_after": after,
        }
        return (yield from call("work.list_items", params, rows(Item), repeatable=True))

    @operation
    def search(
        self, query: str, *, project_id: str | None = None, item_type: str | None = None, limit: int = 20
    ) -> Plan[list[ItemMatch]]:
        """Return the items whose title, description or comments hold words, the best match first.

        Args:
            query: as in a web search: ``"a phrase"``, ``or``, ``-without``; 1 to 1,000 characters.
            project_id, item_type: exact filters.
            limit: 1 to 200 items.

        Raises:
            InvalidInput: a query without a word to search for, or a limit that is none.
        """
        params: dict[str, Any] = {
            "p_query": query,
            "p_project_id": project_id,
            "p_item_type": item_type,
            "p_limit": limit,
        }
        return (yield from call("work.search_items", params, rows(ItemMatch), repeatable=True))

    @operation
    def history(self, item_id: str, *, limit: int = 100, after: int = 0) -> Plan[list[Transition]]:
        """Return a page of an item's changes of state, in order.

        Args:
            item_id: the item.
            limit: 1 to 1,000 changes.
            after: ``seq`` that ended the previous page.

        Raises:
            InvalidInput: a limit that is none. NotFound: there is no such item.
        """
        params = {"p_item_id": item_id, "p_limit": limit, "p_after": after}
        return (yield from call("work.item_history", params, rows(Transition), repeatable=True))

    @operation
    def states(self, item_type: str | None = None) -> Plan[list[ItemState]]:
        """Return the states of a type of item, or of all, with the moves from each."""
        params = {"p_item_type": item_type}
        return (yield from call("work.list_item_states", params, rows(ItemState), repeatable=True))

    @operation
    def delete(self, item_id: str) -> Plan[bool]:
        """Mark an item as removed (admin). Its history and events stay. Safe to repeat.

        Returns:
            True when this call did it, False when it was removed before.

        Raises:
            NotFound: there is no such item.
        """
        return (yield from call("work.delete_item", {"p_item_id": item_id}, scalar, repeatable=True))

    @operation
    def restore(self, item_id: str) -> Plan[bool]:
        """Bring back an item that was removed (admin), as it was. Safe to repeat.

        Returns:
            True when this call did it, False when it was not removed.

        Raises:
            NotFound: there is no such item.
        """
        return (yield from call("work.restore_item", {"p_item_id": item_id}, scalar, repeatable=True))

    @operation
    def add_dependency(
        self, item_id: str, depends_on_item_id: str, *, actor: str | None = None
    ) -> Plan[bool]:
        """Say that an item waits for another.

        Returns:
            True when this call added it, False when it was there.

        Raises:
            NotFound: no such item. Conflict: ``dependency_cycle``: the items would wait for each other.
            InvalidInput: ``isolation_level``: on a caller's transaction above read committed.
        """
        params = {"p_item_id": item_id, "p_depends_on_item_id": depends_on_item_id, "p_actor": actor}
        return (yield from call("work.add_dependency", params, scalar, repeatable=True))

    @operation
    def remove_dependency(self, item_id: str, depends_on_item_id: str) -> Plan[bool]:
        """Say that an item no longer waits for another; True when there was such a dependency."""
        params = {"p_item_id": item_id, "p_depends_on_item_id": depends_on_item_id}
        return (yield from call("work.remove_dependency", params, scalar, repeatable=True))

    @operation
    def attach(
        self,
        item_id: str,
        artifact_id: str,
        version: int | None = None,
        *,
        label: str | None = None,
        actor: str | None = None,
    ) -> Plan[Attachment]:
        """Attach a version of an artifact to an item.

        Args:
            item_id: the item.
            artifact_id: the artifact.
            version: default the latest.
            label: what it is for, 1 to 200 characters.
            actor: who attaches it, in words; default the login.

        Raises:
            InvalidInput: a value that is none. NotFound: no such item, artifact or version.
        """
        params: dict[str, Any] = {
            "p_item_id": item_id,
            "p_artifact_id": artifact_id,
            "p_version": version,
            "p_label": label,
            "p_actor": actor,
        }
        return (yield from call("work.attach_artifact", params, one(Attachment), repeatable=True))

    @operation
    def detach(self, item_id: str, artifact_id: str, version: int | None = None) -> Plan[bool]:
        """Detach an artifact from an item; the artifact stays. Safe to repeat.

        Args:
            item_id: the item.
            artifact_id: the artifact.
            version: default every version that is attached.

        Returns:
            True when this call did it, False when it was not attached.

        Raises:
            NotFound: there is no such item.
        """
        params = {"p_item_id": item_id, "p_artifact_id": artifact_id, "p_version": version}
        return (yield from call("work.detach_artifact", params, scalar, repeatable=True))

    @operation
    def attachments(self, item_id: str, *, limit: int = 100) -> Plan[list[Attachment]]:
        """Return what is attached to an item, oldest first.

        Raises:
            InvalidInput: a limit that is none. NotFound: there is no such item.
        """
        params = {"p_item_id": item_id, "p_limit": limit}
        return (yield from call("work.list_attachments", params, rows(Attachment), repeatable=True))
