"""The connection pool that minio-py and pylayer share, and signed requests that stream their body.

minio-py signs a part over plain HTTP with the sha256 of its bytes, a second hash of everything that is
already hashed, and hands the whole part to one ``sendall``. The requests here are signed with a hash that
is known already, or with ``UNSIGNED-PAYLOAD``, and are sent block by block.
"""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlunsplit

import certifi
import urllib3
from minio import Minio
from minio.credentials.credentials import Credentials
from minio.helpers import BaseURL, check_object_name
from minio.signer import sign_v4_s3
from minio.time import to_amz_date
from urllib3.response import BaseHTTPResponse
from urllib3.util import Retry, Timeout

from pylayer.blobs.errors import response_error, translated
from pylayer.config import Settings

__all__ = ["ONCE", "BlobConfig", "Transport"]

BLOCK_BYTES = 1024 * 1024
_QUICK = Timeout(connect=3.0, read=30.0)
_SERVER_SIDE = Timeout(connect=3.0, read=300.0)
_POOL_SIZE = 16
_REPEATABLE_STATUS = (429, 500, 502, 503, 504)


def _retry(*, connect: int, read: int, status: int) -> Retry:
    return Retry(
        total=4,
        connect=connect,
        read=read,
        status=status,
        redirect=0,
        other=0,
        status_forcelist=_REPEATABLE_STATUS,
        allowed_methods=None,
        backoff_factor=0.1,
        backoff_jitter=0.2,
        backoff_max=2.0,
        raise_on_status=False,
        raise_on_redirect=False,
        respect_retry_after_header=False,
    )


_REPEAT = _retry(connect=3, read=1, status=4)
ONCE = _retry(connect=3, read=0, status=0)
"""For requests that must not be repeated once they may have reached the server."""


@dataclass(frozen=True, slots=True)
class BlobConfig:
    """Where the objects are.

    Attributes:
        endpoint: URL of the server, without a path.
        access_key: the access key's id.
        secret_key: the secret key.
        region: the region, named in every signature, so that none is looked up.
        bucket: the bucket that holds every object.
        path_style: ``host/bucket/key`` rather than ``bucket.host/key``.
    """

    endpoint: str
    access_key: str
    secret_key: str = field(repr=False)
    region: str = "us-east-1"
    bucket: str = "artifacts"
    path_style: bool = True

    @classmethod
    def from_settings(cls, settings: Settings) -> BlobConfig | None:
        """Return the configuration, or None when no object storage is configured.

        Keys without an endpoint mean AWS itself.
        """
        if settings.s3_access_key is None or settings.s3_secret_key is None:
            return None
        endpoint = settings.s3_endpoint or f"https://s3.{settings.s3_region}.amazonaws.com"
        if "://" not in endpoint:
            endpoint = f"{'https' if settings.s3_secure else 'http'}://{endpoint}"
        return cls(
            endpoint=endpoint.rstrip("/"),
            access_key=settings.s3_access_key.get_secret_value(),
            secret_key=settings.s3_secret_key.get_secret_value(),
            region=settings.s3_region,
            bucket=settings.s3_bucket,
            path_style=settings.s3_force_path_style,
        )


class _Pool(urllib3.PoolManager):
    """Gives server-side copies their time, and every S3 server's errors the content type of S3's own."""

    def urlopen(self, method: str, url: str, redirect: bool = True, **kw: Any) -> BaseHTTPResponse:
        if "x-amz-copy-source" in (kw.get("headers") or {}):
            kw.update(timeout=_SERVER_SIDE, retries=ONCE)
        response = super().urlopen(method, url, redirect=False, **kw)
        if response.headers.get("content-type", "").startswith("text/xml"):
            response.headers["content-type"] = "application/xml"
        return response


class Transport:
    """A pool of connections to one S3 server, and what speaks over it.

    Attributes:
        minio: the minio-py client, for what it does in one request.
        bucket: the bucket's name.
    """

    def __init__(self, config: BlobConfig) -> None:
        with translated():
            self._url = BaseURL(config.endpoint, config.region)
            self._url.virtual_style_flag = not config.path_style
            self._region = config.region
            self._credentials = Credentials(config.access_key, config.secret_key)
            self._pool = _pool()
            self.bucket = config.bucket
            scheme, _, host = config.endpoint.partition("://")
            self.minio = Minio(
                host,
                access_key=config.access_key,
                secret_key=config.secret_key,
                secure=scheme == "https",
                region=config.region,
                http_client=self._pool,
            )
        if config.path_style:
            self.minio.disable_virtual_style_endpoint()
        else:
            self.minio.enable_virtual_style_endpoint()

    def request(
        self,
        method: str,
        key: str | None,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        body_sha256: str | None = None,
        server_side: bool = False,
    ) -> BaseHTTPResponse:
        """Send a signed request and return its answer, read to the end.

        Args:
            method: the HTTP method.
            key: the object's key, or None for the bucket.
            query: the query's parameters.
            headers: further headers; they are signed too.
            body: the body.
            body_sha256: the body's sha256, which the server then checks; without it the body is not signed.
            server_side: the answer may take minutes, and the request must not be repeated.

        Raises:
            PylayerError: as `pylayer.blobs.errors` maps the server's answer.
        """
        with translated():
            if key is not None:
                check_object_name(key)
            url = self._url.build(
                method=method,
                region=self._region,
                bucket_name=self.bucket,
                object_name=key,
                query_params=dict(query or {}),
            )
            now = datetime.now(UTC)
            sha256 = body_sha256 or "UNSIGNED-PAYLOAD"
            sent = {**(headers or {}), "Host": url.netloc, "x-amz-date": to_amz_date(now)}
            sent["x-amz-content-sha256"] = sha256
            if body is not None:
                sent["Content-Length"] = str(len(body))
            signed = sign_v4_s3(
                method=method,
                url=url,
                region=self._region,
                headers=dict(sent),
                credentials=self._credentials,
                content_sha256=sha256,
                date=now,
            )
            response = self._pool.urlopen(
                method,
                urlunsplit(url),
                body=None if body is None else io.BytesIO(body),
                headers=signed,
                timeout=_SERVER_SIDE if server_side else _QUICK,
                retries=ONCE if server_side else _REPEAT,
            )
        if response.status not in (200, 204) or b"<Error>" in response.data[:1024]:
            raise response_error(response)
        return response


def _pool() -> _Pool:
    return _Pool(
        num_pools=4,
        maxsize=_POOL_SIZE,
        timeout=_QUICK,
        retries=_REPEAT,
        blocksize=BLOCK_BYTES,
        cert_reqs="CERT_REQUIRED",
        ca_certs=os.environ.get("SSL_CERT_FILE") or certifi.where(),
    )
