"""The exceptions of pylayer and the one table that turns an SQLSTATE into one of them.

Functions in the database raise codes of the form ``PTxyz``, where *xyz* is the HTTP status
that means the same (PostgREST's convention), so SQL, Python and HTTP agree.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

import psycopg

__all__ = [
    "Conflict",
    "Forbidden",
    "Gone",
    "InvalidInput",
    "NotFound",
    "PylayerError",
    "RateLimited",
    "Retryable",
    "TooLarge",
    "Unauthenticated",
    "Unavailable",
    "ValidationFailed",
    "error_class",
    "translated",
]


class PylayerError(Exception):
    """Base of every error that pylayer raises on purpose.

    Attributes:
        message: one stable sentence.
        code: the SQLSTATE (``PT409``, ``40001``, ...), or None when no server was involved.
        reason: the machine-readable reason (``stale_version``, ``hash_mismatch``, ...), or None.
        detail: the values behind the error, or None.
        hint: what to do next, or None.
    """

    default_code: str | None = None

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        reason: str | None = None,
        detail: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.default_code
        self.reason = reason
        self.detail = detail
        self.hint = hint

    def __str__(self) -> str:
        parts = [self.message]
        if self.detail:
            parts.append(f"({self.detail})")
        if self.hint:
            parts.append(f"Hint: {self.hint}")
        return " ".join(parts)


class InvalidInput(PylayerError):
    """An argument is malformed (HTTP 400)."""

    default_code = "PT400"


class Unauthenticated(PylayerError):
    """The API key is missing, unknown, expired or revoked (HTTP 401)."""

    default_code = "PT401"


class Forbidden(PylayerError):
    """A rule or a missing right forbids the call (HTTP 403)."""

    default_code = "PT403"


class NotFound(PylayerError):
    """There is no such row or object (HTTP 404)."""

    default_code = "PT404"


class Conflict(PylayerError):
    """The call conflicts with a version, a state, a lock or stored content (HTTP 409)."""

    default_code = "PT409"


class Gone(PylayerError):
    """The content was deleted, the upload expired, or the id is below the retention floor (HTTP 410)."""

    default_code = "PT410"


class TooLarge(PylayerError):
    """The input is over a documented limit (HTTP 413)."""

    default_code = "PT413"


class ValidationFailed(PylayerError):
    """An event or document does not fulfil its contract (HTTP 422)."""

    default_code = "PT422"


class RateLimited(PylayerError):
    """A rate limit or budget is used up; ``detail`` carries the seconds to wait (HTTP 429)."""

    default_code = "PT429"


class Retryable(PylayerError):
    """A passing conflict between transactions: make the same call again."""

    default_code = "40001"


class Unavailable(PylayerError):
    """The server is away, shutting down or full (HTTP 503)."""

    default_code = "08006"


_BY_CODE: dict[str, type[PylayerError]] = {
    "PT400": InvalidInput,
    "22P02": InvalidInput,
    "22P05": InvalidInput,
    "22021": InvalidInput,
    "22003": InvalidInput,
    "22007": InvalidInput,
    "22008": InvalidInput,
    "PT401": Unauthenticated,
    "PT403": Forbidden,
    "42501": Forbidden,
    "PT404": NotFound,
    "PT409": Conflict,
    "PT410": Gone,
    "PT413": TooLarge,
    "54000": TooLarge,
    "54001": TooLarge,
    "PT422": ValidationFailed,
    "PT429": RateLimited,
    "40001": Retryable,
    "40P01": Retryable,
    "55P03": Retryable,
    "25006": Unavailable,  # the server is a standby, as after a failover
    "53300": Unavailable,
}
_NOT_MIGRATED = {"3F000", "42883"}  # no such schema, no such function
_BY_PREFIX: dict[str, type[PylayerError]] = {"08": Unavailable, "57P0": Unavailable}


def error_class(code: str) -> type[PylayerError] | None:
    """Return the exception class for an SQLSTATE, or None for one that the table does not name."""
    if found := _BY_CODE.get(code):
        return found
    return next((cls for prefix, cls in _BY_PREFIX.items() if code.startswith(prefix)), None)


def _from_psycopg(error: psycopg.Error) -> PylayerError | None:
    diag = error.diag
    if code := error.sqlstate:
        if code in _NOT_MIGRATED:
            return Conflict(
                "the database has no schema of pylayer, or an older one",
                code=code,
                reason="not_migrated",
                detail=diag.message_primary,
                hint="run: pylayer migrate",
            )
        if cls := error_class(code):
            return cls(
                diag.message_primary or str(error),
                code=code,
                reason=diag.constraint_name,
                detail=diag.message_detail,
                hint=diag.message_hint,
            )
        return None
    if isinstance(error, psycopg.OperationalError):  # no answer from a server at all
        return Unavailable(str(error).strip() or "the database server is away")
    if isinstance(error, psycopg.DataError):  # psycopg refuses NUL in text before it is sent
        return InvalidInput(str(error), code="22021")
    return None


@contextmanager
def translated() -> Generator[None]:
    """Turn psycopg's errors into pylayer's, inside the ``with`` block.

    An SQLSTATE that the table does not name passes through unchanged: it is a bug, not an outcome.
    """
    try:
        yield
    except UnicodeEncodeError as error:  # a lone surrogate in a str
        raise InvalidInput("text is not valid Unicode", code="22021", detail=str(error)) from error
    except psycopg.Error as error:
        if mapped := _from_psycopg(error):
            raise mapped from error
        raise
