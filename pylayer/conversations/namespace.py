"""`client.conversations`: the calls of schema ai about conversations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias, Unpack

from psycopg.types.json import Jsonb

from pylayer.calls import Namespace, Plan, R, call, one, operation, rows
from pylayer.conversations.encoding import checked_text, encode, encode_messages
from pylayer.conversations.models import (
    AppendResult,
    Conversation,
    ConversationFields,
    MessageInput,
    Role,
    StoredMessage,
)
from pylayer.ids import new_ulid

__all__ = ["Conversations"]

_Listed: TypeAlias = list[Conversation]
_Messages: TypeAlias = list[StoredMessage]


def _json(value: Any) -> str | None:
    return None if value is None else encode(value)


class Conversations(Namespace[R]):
    """Conversations: what was said, in order, each message once, for ever."""

    @operation
    def save(
        self, instance_id: str | None = None, **fields: Unpack[ConversationFields]
    ) -> Plan[Conversation]:
        """Make a conversation, or change what is given of one. Safe to repeat with its id.

        Args:
            instance_id: 1 to 255 characters; default a new ULID.
            **fields: those of `ConversationFields`; None clears one, what is left out stays.

        Raises:
            InvalidInput: a value that is none. TooLarge: tags or metadata over 256 KiB.

        Example:
            >>> client.conversations.save("chat-1", agent_id="helper").title
            >>> client.conversations.save("chat-1", title="Weather").agent_id
            'helper'
        """
        params: dict[str, Any] = {
            "p_instance_id": new_ulid() if instance_id is None else instance_id,
            "p_fields": Jsonb(fields),
        }
        return (yield from call("ai.save_conversation", params, one(Conversation), repeatable=True))

    @operation
    def get_by_id(self, instance_id: str) -> Plan[Conversation]:
        """Return a conversation, without its messages.

        Raises:
            NotFound: ``no_conversation``.
        """
        params = {"p_instance_id": instance_id}
        return (yield from call("ai.get_conversation", params, one(Conversation), repeatable=True))

    @operation
    def list(
        self,
        *,
        agent_id: str | None = None,
        run_id: str | None = None,
        project_id: str | None = None,
        tags: Mapping[str, Any] | Sequence[Any] | None = None,
        limit: int = 100,
        after: str | None = None,
    ) -> Plan[_Listed]:
        """Return a page of conversations, newest first.

        Args:
            agent_id, run_id, project_id: exact filters.
            tags: contained in the conversation's tags.
            limit: 1 to 1,000 conversations.
            after: ``instance_id`` that ended the previous page.

        Raises:
            InvalidInput: ``invalid_limit``. NotFound: ``no_conversation`` (``after``).
        """
        params: dict[str, Any] = {
            "p_agent_id": agent_id,
            "p_run_id": run_id,
            "p_project_id": project_id,
            "p_tags": _json(tags),
            "p_limit": limit,
            "p_after": after,
        }
        return (yield from call("ai.list_conversations", params, rows(Conversation), repeatable=True))

    @operation
    def append(
        self,
        instance_id: str,
        role: Role,
        content: str = "",
        *,
        message_id: str | None = None,
        agent_id: str | None = None,
        tool_calls: Sequence[Mapping[str, Any]] | None = None,
        tool_call_id: str | None = None,
        is_error: bool = False,
        metadata: Mapping[str, Any] | None = None,
        token_count: int | None = None,
    ) -> Plan[AppendResult]:
        """Append a message to a conversation. Safe to repeat with its ``message_id``.

        Args:
            instance_id: the conversation.
            role: ``system``, ``developer``, ``user``, ``assistant`` or ``tool``.
            content: text; the message has at most 1 MiB of JSON.
            message_id, agent_id, tool_calls, tool_call_id, is_error, metadata, token_count: as in
                `pylayer.conversations.Message`.

        Raises:
            InvalidInput: ``invalid_message``. TooLarge: ``message_too_large``.
            NotFound: ``no_conversation``.
            Conflict: ``message_conflict``: the id belongs to a message of other content.

        Example:
            >>> chat = client.conversations.save()
            >>> client.conversations.append(chat.instance_id, "user", "Will it rain?").position
            1
        """
        params: dict[str, Any] = {
            "p_instance_id": instance_id,
            "p_role": role,
            "p_content": checked_text(content),
            "p_message_id": new_ulid() if message_id is None else message_id,
            "p_agent_id": agent_id,
            "p_tool_calls": _json(tool_calls),
            "p_tool_call_id": tool_call_id,
            "p_is_error": is_error,
            "p_metadata": _json(metadata),
            "p_token_count": token_count,
        }
        return (yield from call("ai.append_message", params, one(AppendResult), repeatable=True))

    @operation
    def append_many(self, instance_id: str, messages: Iterable[MessageInput]) -> Plan[list[AppendResult]]:
        """Append messages in their order, in one call: all or none.

        Args:
            instance_id: the conversation.
            messages: at most 1,000; a mapping has the keys of `pylayer.conversations.Message`, and is safe to
                send again only with a ``message_id``.

        Returns:
            One result a message, in input order.

        Raises:
            InvalidInput, TooLarge, NotFound, Conflict: as `append`; TooLarge ``too_many_messages``.
        """
        params = {"p_instance_id": instance_id, "p_messages": encode_messages(messages)}
        return (yield from call("ai.append_messages", params, rows(AppendResult), repeatable=True))

    @operation
    def messages(self, instance_id: str, *, limit: int = 1000, after: int = 0) -> Plan[_Messages]:
        """Return a page of a conversation's messages, oldest first.

        Args:
            instance_id: the conversation.
            limit: 1 to 1,000 messages.
            after: ``position`` that ended the previous page.

        Raises:
            InvalidInput: ``invalid_limit``. NotFound: ``no_conversation``.
        """
        params = {"p_instance_id": instance_id, "p_limit": limit, "p_after": after}
        return (yield from call("ai.list_messages", params, rows(StoredMessage), repeatable=True))

    @operation
    def window(
        self, instance_id: str, *, max_tokens: int | None = None, max_messages: int | None = None
    ) -> Plan[_Messages]:
        """Return the newest messages that fit, oldest first: what a model is called with.

        They have no gap, and none of them answers a tool call from before them.

        Args:
            instance_id: the conversation.
            max_tokens: greatest sum of ``token_count``.
            max_messages: greatest number of messages. One of the two is given, or both.

        Returns:
            The messages; none when the newest one alone does not fit.

        Raises:
            InvalidInput: ``invalid_window``. NotFound: ``no_conversation``.
        """
        params = {"p_instance_id": instance_id, "p_max_tokens": max_tokens, "p_max_messages": max_messages}
        return (yield from call("ai.conversation_window", params, rows(StoredMessage), repeatable=True))

    @operation
    def search(
        self,
        query: str,
        *,
        instance_id: str | None = None,
        agent_id: str | None = None,
        project_id: str | None = None,
        limit: int = 100,
        after: tuple[str, int] | None = None,
    ) -> Plan[_Messages]:
        """Return a page of messages whose text matches, newest first.

        Args:
            query: words as in a web search: all of them, ``"a phrase"``, ``or``, ``-without``; English stems.
            instance_id, agent_id, project_id: of the conversation, exact filters.
            limit: 1 to 1,000 messages.
            after: ``instance_id`` and ``position`` of the message that ended the previous page.

        Raises:
            InvalidInput: ``invalid_query``: no word to search for; ``invalid_limit``.
            NotFound: ``no_message`` (``after``).
        """
        after_instance_id, after_position = after or (None, None)
        params: dict[str, Any] = {
            "p_query": query,
            "p_instance_id": instance_id,
            "p_agent_id": agent_id,
            "p_project_id": project_id,
            "p_limit": limit,
            "p_after_instance_id": after_instance_id,
            "p_after_position": after_position,
        }
        return (yield from call("ai.search_messages", params, rows(StoredMessage), repeatable=True))
