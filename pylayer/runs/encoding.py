"""Values of runs to JSON, with the size checked before anything is sent."""

from __future__ import annotations

from typing import Any

from pydantic_core import PydanticSerializationError, to_json

from pylayer.errors import InvalidInput, TooLarge

__all__ = ["MAX_VALUE_BYTES", "encode", "error_text"]

# Far over what the database takes (1 MiB of its binary form), and far below what it would take long to parse.
MAX_VALUE_BYTES = 8 * 1_048_576
_ERROR_CHARACTERS = 10_000


def encode(value: object) -> str:
    """Return a value as JSON: documents, dates, dataclasses and pydantic models.

    Raises:
        InvalidInput: a value that JSON or Unicode cannot hold. TooLarge: over ``MAX_VALUE_BYTES``.
    """
    try:
        encoded = to_json(value, inf_nan_mode="constants")
    except (PydanticSerializationError, RecursionError, ValueError) as error:
        raise InvalidInput(
            "a value cannot be written as JSON", code="22P02", detail=str(error)[:200]
        ) from error
    if len(encoded) > MAX_VALUE_BYTES:
        raise TooLarge(
            "a value is too large",
            reason="value_limit",
            detail=f"{len(encoded)} bytes, limit {MAX_VALUE_BYTES}",
            hint="write it as an artifact and keep its id",
        )
    return encoded.decode()


def encoded_or_none(value: Any) -> str | None:
    """Return a value as JSON; None is SQL's null."""
    return None if value is None else encode(value)


def error_text(error: BaseException) -> str:
    """Return what an error says, as text that the database can hold."""
    text = f"{type(error).__name__}: {error}"[:_ERROR_CHARACTERS]
    return text.replace("\x00", "\\x00").encode(errors="replace").decode()
