"""The one place where answers of an S3 server become pylayer's exceptions."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from minio.error import InvalidResponseError, S3Error, ServerError
from urllib3.exceptions import HTTPError, LocationValueError
from urllib3.response import BaseHTTPResponse

from pylayer.errors import Conflict, Forbidden, InvalidInput, NotFound, PylayerError, TooLarge, Unavailable

__all__ = ["refused", "response_error", "translated"]

_BY_S3_CODE: dict[str, tuple[type[PylayerError], str]] = {
    "NoSuchKey": (NotFound, "no_such_object"),
    "NoSuchBucket": (NotFound, "no_such_bucket"),
    "NoSuchUpload": (NotFound, "no_such_upload"),
    "BadDigest": (Unavailable, "corrupted_in_transit"),
    "XAmzContentSHA256Mismatch": (Unavailable, "corrupted_in_transit"),
    "IncompleteBody": (Unavailable, "corrupted_in_transit"),
    "RequestTimeout": (Unavailable, "object_store_timeout"),
    "EntityTooLarge": (TooLarge, "object_too_large"),
    "SignatureDoesNotMatch": (Forbidden, "object_store_denied"),
    "InvalidAccessKeyId": (Forbidden, "object_store_denied"),
}
_BY_STATUS: dict[int, tuple[type[PylayerError], str]] = {
    301: (InvalidInput, "wrong_region"),
    307: (InvalidInput, "wrong_region"),
    401: (Forbidden, "object_store_denied"),
    403: (Forbidden, "object_store_denied"),
    404: (NotFound, "no_such_object"),
    408: (Unavailable, "object_store_timeout"),
    409: (Conflict, "object_conflict"),
    412: (Conflict, "object_conflict"),
    413: (TooLarge, "object_too_large"),
    416: (InvalidInput, "bad_range"),
    429: (Unavailable, "object_store_busy"),
}
_HINTS = {
    "no_such_bucket": "create the bucket, or set S3_BUCKET",
    "object_store_denied": "check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY and the bucket's policy",
    "wrong_region": "set AWS_REGION to the bucket's region",
}


def refused(status: int, code: str | None, message: str | None) -> PylayerError:
    """Return the exception for an answer with an HTTP status and, where known, S3's error code."""
    kind, reason = InvalidInput, "object_store_refused"
    if found := _BY_S3_CODE.get(code or "") or _BY_STATUS.get(status):
        kind, reason = found
    elif status >= 500:
        kind, reason = Unavailable, "object_store_busy"
    return kind(
        "object storage refused the request",
        reason=reason,
        detail=": ".join(part for part in (str(status), code, message) if part),
        hint=_HINTS.get(reason),
    )


def response_error(response: BaseHTTPResponse) -> PylayerError:
    """Return the exception for an unsuccessful answer whose body has been read."""
    try:
        found = S3Error.fromxml(response)
    except (SyntaxError, UnicodeDecodeError, ValueError):  # a proxy's page, or no body at all
        return refused(response.status, None, response.reason)
    return refused(response.status, found.code, found.message)


@contextmanager
def translated() -> Generator[None]:
    """Turn minio-py's and urllib3's errors into pylayer's, inside the ``with`` block."""
    try:
        yield
    except S3Error as error:
        raise refused(error.response.status, error.code, error.message) from error
    except ServerError as error:
        raise refused(error.status_code, None, str(error)) from error
    except InvalidResponseError as error:
        raise refused(getattr(error, "_code", 0), None, str(error)) from error
    except LocationValueError as error:
        raise _unusable(error) from error
    except HTTPError as error:
        raise Unavailable(
            "object storage does not answer",
            reason="object_store_unreachable",
            detail=str(error),
            hint="check AWS_ENDPOINT_URL_S3, and that the server runs; the same call may be repeated",
        ) from error
    except ValueError as error:
        raise _unusable(error) from error


def _unusable(error: Exception) -> InvalidInput:
    return InvalidInput(
        "the key or the settings of object storage are not usable",
        reason="bad_object_store_argument",
        detail=str(error),
    )
