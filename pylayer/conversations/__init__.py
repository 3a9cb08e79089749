"""Conversations and their messages: `client.conversations`."""

from pylayer.conversations.models import (
    AppendResult,
    Conversation,
    Message,
    MessageInput,
    NewConversation,
    Role,
    StoredMessage,
)
from pylayer.conversations.namespace import Conversations

__all__ = [
    "AppendResult",
    "Conversation",
    "Conversations",
    "Message",
    "MessageInput",
    "NewConversation",
    "Role",
    "StoredMessage",
]
