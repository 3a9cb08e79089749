"""Delivery to a running ``pylayer serve``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, cast
from urllib.parse import urlsplit

import urllib3
from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json
from urllib3.response import BaseHTTPResponse
from urllib3.util import Timeout

from pylayer.emitter.transport import PerProcess
from pylayer.errors import (
    Forbidden,
    InvalidInput,
    NotFound,
    PylayerError,
    RateLimited,
    TooLarge,
    Unauthenticated,
    Unavailable,
    error_class,
)
from pylayer.events import IngestResult
from pylayer.models import ModelPrice

__all__ = ["HttpTransport"]

_RESULTS = TypeAdapter(list[IngestResult])
_PRICES = TypeAdapter(list[ModelPrice])
_CONNECT_SECONDS = 5.0
# Without a code, the answer may be a proxy's, and says nothing about the events but for their size.
_BY_STATUS: Mapping[int, type[PylayerError]] = {
    401: Unauthenticated,
    403: Forbidden,
    404: NotFound,
    413: TooLarge,
    429: RateLimited,
}


class HttpTransport:
    """Sends events to the HTTP API, over connections that are kept.

    Args:
        endpoint: URL of the server, such as ``https://telemetry.example.org``, with a path where it has one.
        api_key: API key with the scope ``events:write`` (and ``models:read`` for prices).
        timeout: seconds to wait for an answer.

    Raises:
        InvalidInput: ``bad_endpoint``, not an http or https URL.
    """

    def __init__(self, endpoint: str, api_key: str | None = None, timeout: float = 30.0) -> None:
        parts = urlsplit(endpoint)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise InvalidInput(
                "the telemetry endpoint is not a URL",
                reason="bad_endpoint",
                hint="TELEMETRY_ENDPOINT=https://telemetry.example.org",
            )
        self._endpoint = endpoint.rstrip("/")
        self._headers = {"content-type": "application/json", "accept": "application/json"}
        if api_key is not None:
            self._headers["authorization"] = f"Bearer {api_key}"
        waiting = Timeout(connect=min(_CONNECT_SECONDS, timeout), read=timeout)
        self._pool = PerProcess(
            lambda: urllib3.PoolManager(headers=self._headers, timeout=waiting, retries=False),
            urllib3.PoolManager.clear,
        )

    def send(self, events: Sequence[bytes]) -> list[IngestResult]:
        """Send a batch to ``POST /telemetry/events``; see `Transport.send`."""
        answer = self._request("POST", "/telemetry/events", b"[" + b",".join(events) + b"]")
        results = _parse(_RESULTS, answer.get("results") if isinstance(answer, dict) else None)
        if len(results) != len(events):
            raise _unexpected(f"{len(results)} results for {len(events)} events")
        return results

    def prices(self) -> list[ModelPrice]:
        """Return what ``GET /ai/models`` answers; see `Transport.prices`."""
        return _parse(_PRICES, self._request("GET", "/ai/models"))

    def close(self) -> None:
        """Close the connections."""
        self._pool.close()

    def _request(self, method: str, path: str, body: bytes | None = None) -> Any:
        try:
            response = self._pool.get().request(method, self._endpoint + path, body=body, redirect=False)
        except urllib3.exceptions.HTTPError as error:
            raise Unavailable(
                "the telemetry endpoint does not answer", reason="no_connection", detail=str(error)
            ) from error
        if response.status in (200, 201, 207):
            with suppress(ValueError):
                return from_json(response.data)
            raise _unexpected("no JSON")
        raise _error(response)


def _parse(model: TypeAdapter[list[Any]], found: Any) -> list[Any]:
    try:
        return model.validate_python(found)
    except ValidationError as error:
        raise _unexpected(f"{error.error_count()} errors") from error


def _unexpected(detail: str) -> Unavailable:
    return Unavailable(
        "the telemetry endpoint gave an answer that is none of pylayer's",
        reason="unexpected_answer",
        detail=detail,
        hint="does TELEMETRY_ENDPOINT name a running `pylayer serve`?",
    )


def _error(response: BaseHTTPResponse) -> PylayerError:
    """Turn an answer into its error: by the code in a problem document, else by the status."""
    problem = _problem(response)
    code, reason, detail = problem.get("code"), problem.get("reason"), problem.get("detail")
    kind = (error_class(code) if code else None) or _BY_STATUS.get(response.status, Unavailable)
    if (seconds := _retry_after(response)) is not None:
        detail = str(seconds)
        if kind is not RateLimited:
            kind, reason = Unavailable, "retry_after"
    return kind(
        problem.get("title") or f"the telemetry endpoint answered {response.status}",
        code=code,
        reason=reason or f"http_{response.status}",
        detail=detail,
        hint=problem.get("hint"),
    )


def _problem(response: BaseHTTPResponse) -> dict[str, str]:
    with suppress(ValueError):
        found = from_json(response.data)
        if isinstance(found, dict):
            known = cast("dict[str, object]", found)
            return {name: value for name, value in known.items() if isinstance(value, str)}
    return {}


def _retry_after(response: BaseHTTPResponse) -> float | None:
    """Return the seconds of a Retry-After header, which may also be a date."""
    value = response.headers.get("retry-after")
    if value is None or response.status < 429:
        return None
    with suppress(ValueError):
        return float(value)
    with suppress(ValueError):
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    return None
