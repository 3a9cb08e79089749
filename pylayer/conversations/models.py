"""What goes in and out of `client.conversations`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, TypeAlias, TypedDict

from pydantic import BaseModel, ConfigDict, Field

from pylayer.ids import new_ulid

__all__ = [
    "AppendResult",
    "Conversation",
    "ConversationFields",
    "Message",
    "MessageInput",
    "Role",
    "StoredMessage",
]

Role: TypeAlias = Literal["system", "developer", "user", "assistant", "tool"]
"""Who says something: ``tool`` is the result of a tool call."""


class ConversationFields(TypedDict, total=False):
    """What `Conversations.save` takes.

    Attributes:
        title: what it is about, at most 500 characters.
        agent_id: agent that it is held with, free text.
        run_id: workflow run that it belongs to, free text.
        project_id: project, free text; each at most 255 characters.
        tags: object or array to search by containment.
        metadata: whatever else, an object.
    """

    title: str | None
    agent_id: str | None
    run_id: str | None
    project_id: str | None
    tags: dict[str, Any] | list[Any] | None
    metadata: dict[str, Any] | None


class Conversation(BaseModel):
    """A conversation, without its messages.

    Attributes:
        instance_id: its id, free text or a ULID.
        title: what it is about.
        agent_id: agent that it is held with, free text.
        run_id: workflow run that it belongs to, free text.
        project_id: project, free text.
        tags: object or array to search by containment.
        metadata: what nobody queries yet.
        message_count: messages so far, and so the position of the last one.
        created_at: when it was made.
        updated_at: when a message was appended or a field changed last.
    """

    model_config = ConfigDict(frozen=True)

    instance_id: str
    title: str | None
    agent_id: str | None
    run_id: str | None
    project_id: str | None
    tags: dict[str, Any] | list[Any] | None
    metadata: dict[str, Any] | None
    message_count: int
    created_at: datetime
    updated_at: datetime


class Message(BaseModel):
    """One message, in the names of the messages format that models are called with.

    Attributes:
        message_id: its id within the conversation; made with the message, so that appending it again is safe.
        role: ``system``, ``developer``, ``user``, ``assistant`` or ``tool``.
        content: text; empty for a message that only calls tools.
        agent_id: agent that said it, free text.
        tool_calls: of an assistant: a list of
            ``{"id", "type": "function", "function": {"name", "arguments"}}``, the arguments as text.
        tool_call_id: id of the call that a tool result answers; required there.
        is_error: it reports a failure.
        metadata: what nobody queries yet.
        token_count: tokens; None is estimated: a quarter of the bytes of content and tool calls.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    message_id: str = Field(default_factory=new_ulid)
    role: Role
    content: str = ""
    agent_id: str | None = None
    tool_calls: list[dict[str, Any]] | None = None
    tool_call_id: str | None = None
    is_error: bool = False
    metadata: dict[str, Any] | None = None
    token_count: int | None = None


class StoredMessage(Message):
    """A message as the database stores it; ``token_count`` is always known.

    Attributes:
        instance_id: its conversation.
        position: its place there, from 1, without a gap.
        is_token_estimate: whether ``token_count`` was estimated.
        created_at: when it was appended.
    """

    instance_id: str
    position: int
    is_token_estimate: bool
    created_at: datetime


MessageInput: TypeAlias = Message | Mapping[str, Any]


class AppendResult(BaseModel):
    """What became of a message.

    Attributes:
        message_id: its id.
        position: its place in the conversation, from 1.
        status: ``created``, or ``duplicate`` when the same message was there.
        token_count: tokens, as given or estimated.
    """

    model_config = ConfigDict(frozen=True)

    message_id: str
    position: int
    status: Literal["created", "duplicate"]
    token_count: int

    @property
    def created(self) -> bool:
        """Whether this call stored the message."""
        return self.status == "created"
