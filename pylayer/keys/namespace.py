"""`client.keys`: the calls of schema iam."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, TypeAlias

from pylayer.calls import Namespace, Plan, R, call, one, operation, rows, scalar
from pylayer.keys.models import ApiKey, NewApiKey, Principal
from pylayer.keys.secret import key_hash, key_prefix, new_secret

__all__ = ["Keys"]

_Listed: TypeAlias = list[ApiKey]


class Keys(Namespace[R]):
    """API keys: who may call the HTTP API, and as which database role."""

    @operation
    def create(
        self,
        name: str,
        *,
        role: str = "pylayer_agent",
        scopes: Iterable[str] | None = None,
        expires_at: datetime | None = None,
    ) -> Plan[NewApiKey]:
        """Make a key (admin). The result alone shows its secret; the database gets the hash.

        Args:
            name: what it is for, 1 to 200 characters.
            role: ``pylayer_agent``, ``pylayer_analyst``, ``pylayer_auditor`` or ``pylayer_admin``.
            scopes: some of ``events:write``, ``events:read``, ``artifacts:write``, ``artifacts:read`` and
                ``models:read``; None is all that the role may, an empty one none.
            expires_at: from when on it is refused; None is never.

        Raises:
            InvalidInput: a value that is none, a scope that the role cannot have, an expiry in the past.

        Example:
            >>> client.keys.create("ci", scopes=["events:write"]).scopes
            ('events:write',)
        """
        secret = new_secret()
        params: dict[str, Any] = {
            "p_name": name,
            "p_prefix": key_prefix(secret),
            "p_key_hash": key_hash(secret),
            "p_role": role,
            "p_scopes": None if scopes is None else list(scopes),
            "p_expires_at": expires_at,
        }
        key = yield from call("iam.create_api_key", params, one(ApiKey), repeatable=True)
        return NewApiKey(**dict(key), secret=secret)

    @operation
    def list(self, include_revoked: bool = False) -> Plan[_Listed]:
        """Return the keys in the order in which they were made, expired ones too (admin)."""
        params = {"p_include_revoked": include_revoked}
        return (yield from call("iam.list_api_keys", params, rows(ApiKey), repeatable=True))

    @operation
    def revoke(self, key: str) -> Plan[ApiKey]:
        """Revoke a key for good (admin). Safe to repeat.

        Args:
            key: its id or prefix.

        Raises:
            NotFound: there is no such key.
        """
        return (yield from call("iam.revoke_api_key", {"p_key": key}, one(ApiKey), repeatable=True))

    @operation
    def authenticate(self, secret: str) -> Plan[Principal]:
        """Return who holds a key, and note its use.

        Raises:
            Unauthenticated: it is unknown, expired or revoked; the error does not say which.
        """
        params = {"p_key_hash": key_hash(secret)}
        return (yield from call("iam.authenticate", params, one(Principal), repeatable=True))

    @operation
    def exist(self) -> Plan[bool]:
        """Return whether there is a key that is neither expired nor revoked."""
        return (yield from call("iam.has_api_keys", {}, scalar, repeatable=True))
