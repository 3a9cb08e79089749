"""ULIDs, made by python-ulid."""

from __future__ import annotations

from ulid import ULID

__all__ = ["new_ulid"]


def new_ulid() -> str:
    """Return a new ULID: 26 characters of upper-case Crockford base32."""
    return str(ULID())
