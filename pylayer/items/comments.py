"""`client.comments`: the calls for comments of schema work."""

from __future__ import annotations

from typing import Any, TypeAlias

from psycopg.types.json import Jsonb

from pylayer.calls import Namespace, Plan, R, call, one, operation, rows, scalar
from pylayer.ids import new_ulid
from pylayer.items.models import Comment

__all__ = ["Comments"]

_Listed: TypeAlias = list[Comment]


class Comments(Namespace[R]):
    """Comments on items, of people and of AIs."""

    @operation
    def add(
        self,
        item_id: str,
        body: str,
        *,
        author: str | None = None,
        is_ai: bool = False,
        user_id: str | None = None,
        agent_id: str | None = None,
        metadata: dict[str, Any] | None = None,
        github_node_id: str | None = None,
        comment_id: str | None = None,
    ) -> Plan[Comment]:
        """Add a comment to an item.

        Args:
            item_id: the item.
            body: text of at most 256 KiB.
            author: who writes, in words; default the login.
            is_ai: an AI writes; always so with ``agent_id``.
            user_id, agent_id: who writes, where known; never both.
            metadata: whatever else.
            github_node_id: node id on GitHub; the same one again adds nothing.
            comment_id: ULID; default a new one.

        Raises:
            InvalidInput: a value that is none. NotFound: no such item, user or agent.
            Conflict: the id or node id is another comment's. TooLarge: over 256 KiB.
        """
        params: dict[str, Any] = {
            "p_item_id": item_id,
            "p_body": body,
            "p_author": author,
            "p_is_ai": is_ai,
            "p_user_id": user_id,
            "p_agent_id": agent_id,
            "p_metadata": None if metadata is None else Jsonb(metadata),
            "p_github_node_id": github_node_id,
            "p_comment_id": comment_id or new_ulid(),
        }
        return (yield from call("work.add_comment", params, one(Comment), repeatable=True))

    @operation
    def list(self, item_id: str, *, limit: int = 100, after: str | None = None) -> Plan[_Listed]:
        """Return a page of the comments on an item, oldest first.

        Args:
            item_id: the item.
            limit: 1 to 1,000 comments.
            after: ``comment_id`` that ended the previous page.

        Raises:
            InvalidInput: a limit that is none. NotFound: no such item, or ``after`` is no comment of it.
        """
        params = {"p_item_id": item_id, "p_limit": limit, "p_after": after}
        return (yield from call("work.list_comments", params, rows(Comment), repeatable=True))

    @operation
    def edit(self, comment_id: str, body: str, *, actor: str | None = None) -> Plan[Comment]:
        """Edit what a comment says; what it said before stays in ``work.comment_revisions``. Safe to repeat.

        Args:
            comment_id: the comment.
            body: text of at most 256 KiB.
            actor: who edits, in words; default the login.

        Raises:
            InvalidInput: an empty text. NotFound: there is no such comment, or it was removed.
            TooLarge: over 256 KiB.
        """
        params = {"p_comment_id": comment_id, "p_body": body, "p_actor": actor}
        return (yield from call("work.edit_comment", params, one(Comment), repeatable=True))

    @operation
    def delete(self, comment_id: str) -> Plan[bool]:
        """Mark a comment as removed. Safe to repeat.

        Returns:
            True when this call did it, False when it was removed before.

        Raises:
            NotFound: there is no such comment.
        """
        return (yield from call("work.delete_comment", {"p_comment_id": comment_id}, scalar, repeatable=True))
