"""The totals of the database in InfluxDB's line protocol."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from urllib.parse import urlsplit

import urllib3
from urllib3.util import Timeout

from pylayer.errors import (
    Forbidden,
    InvalidInput,
    NotFound,
    PylayerError,
    RateLimited,
    TooLarge,
    Unauthenticated,
    Unavailable,
)
from pylayer.metrics.families import DATABASE
from pylayer.metrics.models import MetricTotal

__all__ = ["lines_of", "post_lines"]

_SPECIAL = re.compile(r"([,= ])")
# A line break ends a point, whatever stands before it; other control characters go the same way.
_BREAKS = re.compile(r"[\x00-\x1f\x7f]+")
_TIMEOUT = Timeout(connect=5.0, read=30.0)
_BY_STATUS: dict[int, type[PylayerError]] = {
    400: InvalidInput,
    401: Unauthenticated,
    403: Forbidden,
    404: NotFound,
    413: TooLarge,
    429: RateLimited,
}


def lines_of(totals: Iterable[MetricTotal], at: datetime) -> Iterator[str]:
    """Yield one line a series, with the fields that Telegraf gives to what it reads from Prometheus.

    The metric is the measurement, its labels are the tags. A counter has the field ``counter``, a gauge
    ``gauge``; a histogram has ``count``, ``sum`` and one field a bound, with the number of values up to it.

    Args:
        totals: what `Metrics.totals` returned.
        at: the time of all points, in nanoseconds on the line.
    """
    nanoseconds = int(at.timestamp() * 1_000_000) * 1000
    for total in totals:
        tags = "".join(f",{_key(name)}={value}" for name, value in _tags(total))
        fields = ",".join(f"{name}={value}" for name, value in _fields(total))
        yield f"{_key(total.metric)}{tags} {fields} {nanoseconds}"


def post_lines(lines: Iterable[str], url: str, token: str | None = None) -> None:
    """Send lines to a server in one request; the same lines sent again change nothing there.

    Args:
        lines: of the line protocol, with times in nanoseconds.
        url: ``http://host:8086/write?db=pylayer`` (1.x) or
            ``http://host:8086/api/v2/write?org=o&bucket=b`` (2.x and 3.x).
        token: API token of a 2.x or 3.x server.

    Raises:
        InvalidInput: ``bad_endpoint``, not an http or https URL; ``bad_token``; or the server refused
            the lines.
        Unauthenticated, Forbidden, NotFound, TooLarge, RateLimited: as the server says.
        Unavailable: the server does not answer, or failed.
    """
    if not _is_web_address(url):
        raise InvalidInput(
            "not a URL that InfluxDB can have",
            reason="bad_endpoint",
            hint="http://127.0.0.1:8086/write?db=pylayer",
        )
    if token and not (token.isascii() and token.isprintable()):  # an error of the header would show it
        raise InvalidInput(
            "the token is not usable",
            reason="bad_token",
            hint="printable ASCII; is there a line break at its end?",
        )
    headers = {"content-type": "text/plain; charset=utf-8"}
    if token:
        headers["authorization"] = f"Token {token}"
    body = "".join(f"{line}\n" for line in lines).encode()
    with urllib3.PoolManager(timeout=_TIMEOUT, retries=False) as pool:
        try:
            answer = pool.request("POST", url, body=body, headers=headers, redirect=False)
        except urllib3.exceptions.HTTPError as error:
            raise Unavailable(
                "InfluxDB does not answer", reason="no_connection", detail=type(error).__name__
            ) from error
    if answer.status not in (200, 204):
        kind = _BY_STATUS.get(answer.status, Unavailable)
        text = answer.data.decode(errors="replace").strip()
        raise kind("InfluxDB did not take the lines", reason=f"http_{answer.status}", detail=text[:500])


def _is_web_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def _tags(total: MetricTotal) -> Iterator[tuple[str, str]]:
    for name, value in sorted(total.labels.items()):
        if written := _key(value):  # the protocol has no empty tag
            yield name, written


def _key(text: str) -> str:
    # A backslash at the end would escape what follows, and the protocol cannot write one that does not.
    return _SPECIAL.sub(r"\\\1", _BREAKS.sub(" ", text).rstrip("\\"))


def _fields(total: MetricTotal) -> Iterator[tuple[str, str]]:
    if total.bounds is None or total.buckets is None:
        yield DATABASE[total.metric].kind, repr(total.value)
        return
    seen = 0
    for bound, values in zip(total.bounds, total.buckets, strict=False):
        seen += values
        yield f"{bound:.15g}", f"{seen}i"
    yield "count", f"{sum(total.buckets)}i"
    yield "sum", repr(total.value)
