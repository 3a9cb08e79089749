"""Text that every reader can take: Postgres, JSON, Markdown and a terminal."""

from __future__ import annotations

import re

__all__ = ["code", "plain", "plural"]


def plain(text: str) -> str:
    """Return text with control characters and undecodable bytes written as escapes, on one line."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def code(text: str) -> str:
    """Return text as Markdown code that also fits into a table cell."""
    inner = plain(text).replace("|", r"\|")
    longest = max((len(run) for run in re.findall(r"`+", inner)), default=0)
    if not longest:
        return f"`{inner}`"
    fence = "`" * (longest + 1)
    return f"{fence} {inner} {fence}"


def plural(count: int, noun: str) -> str:
    """Return ``1 file`` or ``1,234 files``."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
