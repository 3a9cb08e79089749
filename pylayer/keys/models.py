"""What goes in and out of `client.keys`."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["ApiKey", "NewApiKey", "Principal"]


class ApiKey(BaseModel):
    """An API key, without its secret.

    Attributes:
        key_id: ULID.
        name: what it is for, in words.
        prefix: first characters of the secret, to tell keys apart.
        role: database role that its requests run under.
        scopes: what it may be used for.
        created_at: when it was made.
        expires_at: from when on it is refused; None is never.
        revoked_at: since when it is refused for good; None is not.
        last_used_at: when it was last used, to the minute; None is never.
    """

    model_config = ConfigDict(frozen=True)

    key_id: str
    name: str
    prefix: str
    role: str
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


class NewApiKey(ApiKey):
    """A key that was just made: the only time that its secret is seen.

    Attributes:
        secret: what its bearer sends.
    """

    secret: str = Field(repr=False)


class Principal(BaseModel):
    """Who holds a key that was accepted.

    Attributes:
        key_id: ULID of the key.
        role: database role that its requests run under; a key's role never changes.
        scopes: what it may be used for; they never change.
        expires_at: from when on it is refused; None is never.
    """

    model_config = ConfigDict(frozen=True)

    key_id: str
    role: str
    scopes: tuple[str, ...]
    expires_at: datetime | None
