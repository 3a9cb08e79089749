"""Values of channels as blobs: serialized, cut into segments where they are lists, each known by its hash."""

from __future__ import annotations

import hashlib
import threading
from base64 import b64decode, b64encode
from collections import OrderedDict
from collections.abc import Generator, Iterable, Sequence
from itertools import accumulate
from typing import Any, cast

from langgraph.checkpoint.serde.base import SerializerProtocol
from langgraph.checkpoint.serde.encrypted import EncryptedSerializer

from pylayer.checkpoints.models import Reference
from pylayer.checkpoints.namespace import Blob
from pylayer.errors import TooLarge

__all__ = ["MAX_BYTES", "Known", "Packer", "Unpacker"]

MAX_BYTES = 256 * 1_048_576
_INLINE_BYTES = 96  # a blob's row costs more
_BASE = 8
_KNOWN = 100_000


class Known:
    """The blobs that are stored for sure, unless they were removed meanwhile: they need not be sent again."""

    def __init__(self) -> None:
        self._seen: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._lock = threading.Lock()

    def __contains__(self, key: tuple[str, str]) -> bool:
        return key in self._seen

    def add(self, keys: Iterable[tuple[str, str]]) -> None:
        """Remember blobs by hash and type, and forget those that were not seen for long."""
        with self._lock:
            for key in keys:
                self._seen[key] = None
                self._seen.move_to_end(key)
            while len(self._seen) > _KNOWN:
                self._seen.popitem(last=False)


class Packer:
    """Turns values into references, and collects the blobs that these refer to."""

    def __init__(self, serde: SerializerProtocol) -> None:
        self._serde = serde
        self._places: dict[tuple[str, str], int] = {}
        self._data: list[bytes] = []

    def pack(self, value: Any) -> Reference:
        """Return the reference of a value.

        A list is cut into segments of 8, 64, 512, ... elements from its beginning, the rest one by one. So a
        list that grew shares all but a few segments with the one it was, and each element is stored only once
        a size. What is encrypted shares nothing, and stays whole.
        """
        if type(value) is not list or isinstance(self._serde, EncryptedSerializer):
            return self._piece(value)
        elements = cast("list[Any]", value)
        if len(elements) < _BASE and (small := self._small(*self._serde.dumps_typed(elements))):
            return small
        return [self._piece(elements[start:end]) for start, end in _segments(len(elements))]

    @staticmethod
    def _small(kind: str, data: bytes) -> str | None:
        return f"{kind}:{b64encode(data).decode()}" if len(data) <= _INLINE_BYTES else None

    def _piece(self, value: Any) -> int | str:
        kind, data = self._serde.dumps_typed(value)
        if small := self._small(kind, data):
            return small
        key = (hashlib.sha256(data).hexdigest(), kind)
        if key not in self._places:
            self._places[key] = len(self._data)
            self._data.append(data)
        return self._places[key]

    @property
    def keys(self) -> Iterable[tuple[str, str]]:
        """Hash and type of each blob."""
        return self._places.keys()

    def blobs(self, known: Known | None = None) -> list[Blob]:
        """Return the blobs, those that are known without their bytes.

        Raises:
            TooLarge: over `MAX_BYTES` bytes.
        """
        sent = [
            (*key, None if known and key in known else self._data[place])
            for key, place in self._places.items()
        ]
        if (size := sum(len(data) for _, _, data in sent if data)) > MAX_BYTES:
            raise TooLarge(
                "the state is over the limit of one call",
                reason="checkpoint_too_large",
                detail=f"{size} bytes, limit {MAX_BYTES}",
                hint="write large content as an artifact and keep its id in the state",
            )
        return sent


class Unpacker:
    """Turns references into values, each a new object."""

    def __init__(self, serde: SerializerProtocol, blobs: Sequence[tuple[int, str, int]], data: bytes) -> None:
        self._serde = serde
        ends = accumulate(size for _, _, size in blobs)
        self._blobs = {
            number: (kind, data[end - size : end])
            for (number, kind, size), end in zip(blobs, ends, strict=True)
        }

    def unpack(self, reference: Reference) -> Any:
        """Return the value of a reference."""
        if isinstance(reference, list):
            return [element for piece in reference for element in self._value(piece)]
        return self._value(reference)

    def _value(self, piece: int | str) -> Any:
        if isinstance(piece, int):
            return self._serde.loads_typed(self._blobs[piece])
        kind, _, data = piece.rpartition(":")
        return self._serde.loads_typed((kind, b64decode(data)))

    def keys(self) -> Iterable[tuple[str, str]]:
        """Hash and type of each blob."""
        return [(hashlib.sha256(data).hexdigest(), kind) for kind, data in self._blobs.values()]


def _segments(length: int) -> Generator[tuple[int, int]]:
    """Cut 0..length into segments of powers of 8, the larger ones first."""
    size, start = 1, 0
    while size * _BASE <= length:
        size *= _BASE
    while start < length:
        while size > length - start:
            size //= _BASE
        yield start, start + size
        start += size
