"""The API keys that the ingest path has seen."""

from __future__ import annotations

from collections.abc import Iterable

from pylayer.client import AsyncClient
from pylayer.errors import Unauthenticated
from pylayer.keys import Principal, key_hash
from pylayer.server.access import ANYBODY, bearer_secret
from pylayer.server.group import Group
from pylayer.server.store import EventStore

__all__ = ["Sender", "Senders"]

_MOST = 4096


class Sender:
    """Who sends events with one API key.

    Attributes:
        principal: the key's role and scopes, which never change.
        key_hash: by which the database tells in every transaction whether the key still holds; None: no key.
        group: where its single events wait for each other.
    """

    __slots__ = ("group", "key_hash", "principal")

    def __init__(self, store: EventStore, principal: Principal, hashed: str | None) -> None:
        self.principal = principal
        self.key_hash = hashed
        self.group = Group(store, hashed)


class Senders:
    """The senders seen lately, so that a key is looked up once, apart from the check in each transaction.

    Args:
        client: looks keys up.
        store: where events go.
        require_key: whether a request without a key is refused.
    """

    def __init__(self, client: AsyncClient, store: EventStore, *, require_key: bool) -> None:
        self._client = client
        self._store = store
        self._anybody = None if require_key else Sender(store, ANYBODY, None)
        self._known: dict[str, Sender] = {}

    async def of(self, headers: Iterable[tuple[bytes, bytes]]) -> Sender:
        """Return who sends a request.

        Raises:
            Unauthenticated: the key is missing; or it is new here, and unknown, expired or revoked.
        """
        secret = bearer_secret(headers)
        if secret is None:
            if self._anybody is None:
                raise Unauthenticated("the API key is not valid", reason="invalid_key")
            return self._anybody
        hashed = key_hash(secret)
        if known := self._known.get(hashed):
            return known
        principal = await self._client.keys.authenticate(secret)
        while len(self._known) >= _MOST:
            del self._known[next(iter(self._known))]
        return self._known.setdefault(hashed, Sender(self._store, principal, hashed))

    def forget(self, sender: Sender) -> None:
        """Forget a key that the database has refused."""
        self._known.pop(sender.key_hash or "", None)
