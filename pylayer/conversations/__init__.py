"""Conversations and their messages: `client.conversations`."""

from pylayer.conversations.models import (
    AppendResult,
    Conversation,
    ConversationFields,
    Message,
    MessageInput,
    Role,
    StoredMessage,
)
from pylayer.conversations.namespace import Conversations

__all__ = [
    "AppendResult",
    "Conversation",
    "ConversationFields",
    "Conversations",
    "Message",
    "MessageInput",
    "Role",
    "StoredMessage",
]
