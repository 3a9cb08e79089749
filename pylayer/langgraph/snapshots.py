"""What a graph was given and what it returned, as JSON of a limited size, whatever it is."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from itertools import islice
from pathlib import PurePath
from typing import Any, cast
from uuid import UUID

from pydantic import BaseModel

__all__ = ["MAX_CHARACTERS", "snapshot", "storable"]

MAX_CHARACTERS = 16_384  # of one snapshot, about; it is taken in the graph's own thread
_DEPTH = 16
_CUT = "…"
_Named = date | time | timedelta | Decimal | PurePath | UUID


def snapshot(value: object) -> Any:
    """Return a copy of a value as a document that JSON can hold; what it leaves out is said in its place.

    Models, dataclasses and messages become objects of what is set in them; of any other object its class is
    named. No method of the value is called, so that nothing happens to it.
    """
    try:
        return _Copy().of(value, 0)
    except Exception as error:  # another thread changes it at this moment
        return {_CUT: f"not recorded: {type(error).__name__}"}


def storable(text: str, most: int) -> str:
    """Return a text as the database can hold it, at most so many characters of it."""
    return text[:most].replace("\x00", "\\x00").encode(errors="backslashreplace").decode()


class _Copy:
    """One snapshot, with what is left of its size."""

    def __init__(self) -> None:
        self._left = MAX_CHARACTERS

    def of(self, value: Any, depth: int) -> Any:
        self._left -= 4
        if isinstance(value, Enum):
            value = value.value
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, str | _Named):
            return self._text(str(value))
        if isinstance(value, int | float):
            return _number(value)
        return _CUT if depth == _DEPTH else self._inside(value, depth + 1)

    def _inside(self, value: Any, depth: int) -> Any:
        if isinstance(value, dict):
            found = cast("dict[Any, Any]", value)
            return self._object(found.items(), len(found), depth)
        if isinstance(value, list | tuple | set | frozenset):
            return self._array(cast("list[Any]", value), depth)
        if isinstance(value, BaseModel):
            return self._object(_set_in(vars(value).items()), len(vars(value)), depth)
        if is_dataclass(value) and not isinstance(value, type):
            members = _set_in((field.name, getattr(value, field.name, None)) for field in fields(value))
            return self._object(members, len(fields(value)), depth)
        if isinstance(value, bytes | bytearray):
            return f"{len(value)} bytes"
        return self._text(f"<{type(value).__qualname__}>")

    def _object(self, members: Iterable[tuple[Any, Any]], size: int, depth: int) -> dict[str, Any]:
        copy: dict[str, Any] = {}
        for key, member in members:
            if self._left <= 0:
                copy[_CUT] = f"{size} in all"
                break
            copy[self._text(key) if isinstance(key, str) else str(self.of(key, _DEPTH))] = self.of(
                member, depth
            )
        return copy

    def _array(self, elements: Any, depth: int) -> list[Any]:
        copy: list[Any] = []
        for element in islice(elements, len(elements)):
            if self._left <= 0:
                copy.append(f"{_CUT} {len(elements)} in all")
                break
            copy.append(self.of(element, depth))
        return copy

    def _text(self, text: str) -> str:
        kept = storable(text, max(self._left, 0))
        self._left -= len(kept)
        return kept if len(text) <= len(kept) else f"{kept}{_CUT} {len(text)} characters in all"


def _number(value: float) -> float | str:
    if isinstance(value, int):
        return int(value) if abs(value) < 2**63 else f"an integer of {value.bit_length()} bits"
    return float(value) if math.isfinite(value) else str(float(value))


def _set_in(members: Iterable[tuple[str, Any]]) -> Iterable[tuple[str, Any]]:
    """Leave out what is empty: a message has a dozen members that are."""
    for name, member in members:
        if member is not None and not (isinstance(member, str | list | dict | tuple) and not member):
            yield name, member
