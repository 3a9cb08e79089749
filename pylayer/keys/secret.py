"""The secret of an API key: random, seen once, and only ever sent to the database as its hash."""

from __future__ import annotations

import hashlib
import secrets

__all__ = ["key_hash", "key_prefix", "new_secret"]

_MARK = "pyl_"
_RANDOM_BYTES = 32
_PREFIX_CHARACTERS = 12


def new_secret() -> str:
    """Return a new secret: ``pyl_`` and 32 random bytes in base64url, 47 characters."""
    return _MARK + secrets.token_urlsafe(_RANDOM_BYTES)


def key_prefix(secret: str) -> str:
    """Return the characters by which people know the key; the others keep it secret."""
    return secret[:_PREFIX_CHARACTERS]


def key_hash(secret: str) -> str:
    """Return the sha256 of the whole secret, in hex, as the database knows it.

    Example:
        >>> key_hash("pyl_example")[:16]
        '0dfdef4372324323'
    """
    return hashlib.sha256(secret.encode(errors="surrogatepass")).hexdigest()
