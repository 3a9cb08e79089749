"""Who sends a request, and what they may do: API keys as Bearer tokens."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from pylayer.client import AsyncClient
from pylayer.errors import Forbidden, Unauthenticated
from pylayer.keys import Principal
from pylayer.server.state import state_of

__all__ = [
    "ANYBODY",
    "SCHEME",
    "Access",
    "Authenticated",
    "authenticated",
    "bearer_secret",
    "refuse_missing_scope",
]

# Who sends a request without a key to a server that requires none: any process of this machine.
ANYBODY = Principal(
    key_id="",
    role="pylayer_agent",
    scopes=("artifacts:read", "artifacts:write", "events:read", "events:write", "models:read"),
    expires_at=None,
)
SCHEME = HTTPBearer(
    scheme_name="ApiKey", description="An API key, as `pylayer key create` prints it.", auto_error=False
)


@dataclass(frozen=True, slots=True)
class Access:
    """An authenticated request.

    Attributes:
        principal: who sends it.
        client: makes its calls under the principal's database role.
    """

    principal: Principal
    client: AsyncClient

    def require(self, scope: str) -> None:
        """Refuse the request unless its key has a scope, such as ``events:read``.

        Raises:
            Forbidden: it has not.
        """
        refuse_missing_scope(self.principal, scope)


def refuse_missing_scope(principal: Principal, scope: str) -> None:
    """Refuse who lacks a scope.

    Raises:
        Forbidden: the principal has it not.
    """
    if scope not in principal.scopes:
        raise Forbidden(
            "the API key may not be used for this",
            reason="missing_scope",
            detail=scope,
            hint="use a key with this scope",
        )


def bearer_secret(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """Return the secret of a request's ``Authorization`` header; None when it has no such header.

    Args:
        headers: names in lower case and values, as ASGI gives them.

    Raises:
        Unauthenticated: the header is there twice, or holds no Bearer token.
    """
    given = [value for name, value in headers if name == b"authorization"]
    if not given:
        return None
    scheme, _, secret = given[0].partition(b" ")
    if len(given) > 1 or scheme.lower() != b"bearer" or not secret.strip():
        raise Unauthenticated("the API key is not valid", reason="invalid_key")
    return secret.strip().decode("latin-1")


async def authenticated(
    request: Request,
    _documented: Annotated[HTTPAuthorizationCredentials | None, Security(SCHEME)] = None,
) -> Access:
    """Return who sends a request; a FastAPI dependency. The database is asked each time.

    Raises:
        Unauthenticated: the key is missing, unknown, expired or revoked.
    """
    state = state_of(request)
    secret = bearer_secret(request.headers.raw)
    if secret is not None:
        principal = await state.client.keys.authenticate(secret)
    elif state.require_key:
        raise Unauthenticated("the API key is not valid", reason="invalid_key")
    else:
        principal = ANYBODY
    return Access(principal, state.client.acting_as(principal.role))


Authenticated = Annotated[Access, Depends(authenticated)]
