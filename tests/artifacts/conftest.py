"""Helpers of the artifact tests."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import pylayer
from pylayer.artifacts import Artifacts
from pylayer.calls import Call, Plan
from pylayer.config import Settings
from tests import services


def sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def versions(connection: Any) -> list[dict[str, Any]]:
    return connection.execute(
        "select artifact_id, version, storage_key from work.artifact_versions order by 1, 2"
    ).fetchall()


def uploads(connection: Any) -> list[dict[str, Any]]:
    return connection.execute(
        "select upload_id, storage_key, state::text from work.artifact_uploads order by 1"
    ).fetchall()


class Interfering:
    """Runs plans on a client, and calls a function after the answer of a stored function was received."""

    def __init__(self, client: pylayer.Client, function: str, interfere: Callable[[], None]) -> None:
        self._client = client
        self._function = function
        self._interfere = interfere
        self.calls = 0

    def run(self, plan: Plan[Any], /) -> Any:
        return self._client.run(self._watched(plan))

    def _watched(self, plan: Plan[Any]) -> Plan[Any]:
        step = next(plan)
        while True:
            try:
                result = yield step
                if isinstance(step, Call) and self._function in step.sql:
                    self.calls += 1
                    self._interfere()
            except Exception as error:
                act = lambda error=error: plan.throw(error)  # noqa: E731
            else:
                act = lambda result=result: plan.send(result)  # noqa: E731
            try:
                step = act()
            except StopIteration as stop:
                return stop.value


@pytest.fixture
def interfering(client: pylayer.Client) -> Callable[[str, Callable[[], None]], tuple[Artifacts[Any], Any]]:
    def make(function: str, interfere: Callable[[], None]) -> tuple[Artifacts[Any], Interfering]:
        runner = Interfering(client, function, interfere)
        return Artifacts(runner, client.blobs), runner

    return make


@contextmanager
def private_s3(folder: Path, dsn: str) -> Iterator[tuple[pylayer.Client, services.S3Server]]:
    """A client on `dsn` and an S3 server of its own, which may be killed."""
    with services.rclone_server(folder) as server:
        settings = Settings(DATABASE_URL=dsn, **server.environment)
        with pylayer.connect(settings=settings) as client:
            client.blobs.make_bucket()
            yield client, server
