"""Previews and facts taken out of content, by small functions registered for a media type."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, cast

from pylayer.artifacts.content import is_text_type

__all__ = ["PREVIEW_CHARS", "Extract", "Extractor", "extract", "register_extractor"]

PREVIEW_CHARS = 500
_MOST_ENTRIES = 100
_ENTRY_CHARS = 200
_MARKDOWN_LINE = re.compile(
    r"^ {0,3}(?:(?P<marks>#{1,6})(?=[ \t])|(?P<fence>`{3,}|~{3,}))(?P<rest>.*)$", re.MULTILINE
)
_log = logging.getLogger(__name__)


class Extract(NamedTuple):
    """What an extractor found.

    Attributes:
        preview_text: what a reader sees in a list; cut at 500 characters.
        extracted_fields: a JSON object, or None.
    """

    preview_text: str | None
    extracted_fields: dict[str, Any] | None = None


Extractor = Callable[[str], Extract]
"""Takes the text, or the first 64 KiB of a large one."""


def _first_lines(text: str) -> str:
    lines = (line.rstrip() for line in text.lstrip("\ufeff").splitlines())
    return "\n".join(line for line in lines if line)[:PREVIEW_CHARS]


def plain_text(text: str) -> Extract:
    """Return the first lines."""
    return Extract(_first_lines(text[: 2 * PREVIEW_CHARS]))


def markdown(text: str) -> Extract:
    """Return the first lines, the title and the headings (outside of fenced code)."""
    headings: list[dict[str, Any]] = []
    fence = ""
    for found in _MARKDOWN_LINE.finditer(text):
        marks, marker, rest = found["marks"], found["fence"], found["rest"].strip()
        if marker and not fence:
            fence = marker
        elif marker and marker.startswith(fence) and not rest:
            fence = ""
        elif marks and not fence and rest and len(headings) < _MOST_ENTRIES:
            headings.append({"level": len(marks), "text": _without_closing(rest)[:_ENTRY_CHARS]})
    titles = [heading["text"] for heading in headings if heading["level"] == 1]
    title = next(iter(titles or [heading["text"] for heading in headings]), None)
    return Extract(plain_text(text).preview_text, {"title": title, "headings": headings})


def _without_closing(heading: str) -> str:
    stripped = heading.rstrip("#")
    return stripped.rstrip() if stripped.endswith((" ", "\t")) else heading


def json_document(text: str) -> Extract:
    """Return the first lines and the top-level keys of an object, or the length of an array."""
    preview = plain_text(text).preview_text
    try:
        document: Any = json.loads(text)
    except (ValueError, RecursionError):  # cut off, or not JSON
        return Extract(preview)
    if isinstance(document, dict):
        keys = [str(key)[:_ENTRY_CHARS] for key in cast("dict[str, Any]", document)]
        return Extract(preview, {"keys": keys[:_MOST_ENTRIES], "key_count": len(keys)})
    if isinstance(document, list):
        return Extract(preview, {"length": len(cast("list[Any]", document))})
    return Extract(preview)


_registered: dict[str, Extractor] = {
    "text/markdown": markdown,
    "application/json": json_document,
    "+json": json_document,
    "text/*": plain_text,
}


def register_extractor(mime_type: str, extractor: Extractor) -> None:
    """Use ``extractor`` for a media type from now on.

    Args:
        mime_type: ``text/csv``, a family (``text/*``) or a suffix (``+json``); the most exact one wins.
        extractor: a function of the text; one that raises never breaks a write.

    Example:
        >>> register_extractor("text/x-columns", lambda text: Extract(None, {"columns": text.split()}))
    """
    _registered[mime_type.lower()] = extractor


def _find(mime_type: str) -> Extractor | None:
    kind = mime_type.partition(";")[0].strip().lower()
    family, _, _ = kind.partition("/")
    _, plus, suffix = kind.rpartition("+")
    for name in (kind, plus + suffix if plus else kind, f"{family}/*"):
        if found := _registered.get(name):
            return found
    return plain_text if is_text_type(kind) else None


def extract(mime_type: str, text: str) -> Extract:
    """Return what the registered extractor finds, cleaned so that the database takes it."""
    extractor = _find(mime_type)
    if extractor is None:
        return Extract(None)
    try:
        preview, fields = extractor(text)
        cleaned = _clean(fields) if fields else None
        json.dumps(cleaned, allow_nan=False)
        return Extract(_clean(preview)[:PREVIEW_CHARS] if preview else None, cleaned)
    except Exception:
        _log.warning("the extractor for %s failed", mime_type, exc_info=True)
        return Extract(None)


def _clean(value: Any) -> Any:
    """Replace NUL and lone surrogates, which Postgres can't hold, in every string."""
    if isinstance(value, str):
        return value.replace("\0", "\ufffd").encode(errors="replace").decode()
    if isinstance(value, Mapping):
        entries = cast("Mapping[Any, Any]", value).items()
        return {_clean(str(name)): _clean(entry) for name, entry in entries}
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return [_clean(entry) for entry in cast("Sequence[Any]", value)]
    return value
