"""Messages to JSON, with the size limits checked before anything is sent."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import ValidationError
from pydantic_core import PydanticSerializationError, to_json

from pylayer.conversations.models import Message, MessageInput
from pylayer.errors import InvalidInput, TooLarge

__all__ = ["MAX_MESSAGES", "MAX_MESSAGE_BYTES", "checked_text", "encode", "encode_messages"]

# Those of ai.check_messages.
MAX_MESSAGES = 1000
MAX_MESSAGE_BYTES = 1_048_576


def encode_messages(messages: Iterable[MessageInput]) -> str:
    """Return the JSON array of a batch; a mapping without ``message_id`` gets one.

    Raises:
        InvalidInput: ``invalid_message``, or a value that JSON cannot hold.
        TooLarge: ``message_too_large`` or ``too_many_messages``.
    """
    parts: list[str] = []
    for message in messages:
        if len(parts) == MAX_MESSAGES:
            raise TooLarge(
                "there are too many messages",
                reason="too_many_messages",
                detail=f"limit {MAX_MESSAGES}",
                hint="append several batches",
            )
        parts.append(encode(_checked(message).model_dump(exclude_none=True)))
    return f"[{','.join(parts)}]"


def encode(value: Any) -> str:
    """Return the JSON of a value.

    Raises:
        InvalidInput: JSON or Unicode cannot hold it. TooLarge: ``message_too_large``.
    """
    try:
        encoded = to_json(value, inf_nan_mode="constants")
    except (PydanticSerializationError, RecursionError, ValueError) as error:
        raise InvalidInput(
            "message cannot be written as JSON", code="22P02", detail=str(error)[:200]
        ) from error
    _check_size(len(encoded))
    return encoded.decode()


def checked_text(text: str) -> str:
    """Return a text once it may fit a message.

    Raises:
        TooLarge: ``message_too_large``.
    """
    _check_size(len(text))  # a character has a byte or more
    return text


def _check_size(size: int) -> None:
    if size > MAX_MESSAGE_BYTES:
        raise TooLarge(
            "a message is too large",
            reason="message_too_large",
            detail=f"at least {size} bytes of JSON, limit {MAX_MESSAGE_BYTES}",
            hint="write large content as an artifact and refer to it",
        )


def _checked(message: MessageInput) -> Message:
    if isinstance(message, Message):
        return message
    try:
        return Message.model_validate(message)
    except ValidationError as error:
        first = error.errors()[0]
        raise InvalidInput(
            "a message is malformed",
            reason="invalid_message",
            detail=f"{'.'.join(str(part) for part in first['loc']) or 'message'}: {first['msg']}"[:200],
            hint="the keys are those of pylayer.conversations.Message",
        ) from error
