"""Whatever is sent to the running server, it answers as its OpenAPI says, and shows nothing of its inside."""

from __future__ import annotations

import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from schemathesis.checks import not_a_server_error

import pylayer
from pylayer.config import Settings
from pylayer.server import create_app
from tests.catalog.databases import copy_of
from tests.events.samples import step
from tests.server.serving import served

_INSIDE = re.compile(
    r"traceback|exception|site-packages|\.py\b|psycopg|/tmp/|\bselect\b.+\bfrom\b|\binsert into\b|plpgsql",
    re.IGNORECASE,
)
_CHECKS = {
    # A parameter may hold JSON, a range end before it begins, an event break its contract: no schema says so.
    "positive_data_acceptance": {"enabled": False},
    # What is wrong in an array is said of each event (207); too old (410) and too much (413) are told apart.
    "negative_data_rejection": {
        "expected-statuses": ["207", "400", "401", "404", "405", "410", "413", "422"]
    },
}
_OPEN = {"/healthz", "/readyz"}


@dataclass
class Api:
    """A running server with something in it."""

    url: str
    key: str
    artifact_id: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}


@pytest.fixture(scope="module")
def api(template: Any, s3_settings: dict[str, str]) -> Iterator[Api]:
    with copy_of(template, "openapi") as dsn:
        settings = Settings(DATABASE_URL=dsn, **s3_settings)
        with pylayer.connect(settings=settings) as client:
            key = client.keys.create("schemathesis").secret
            client.events.ingest_many([step() for _ in range(3)])
            made = client.artifacts.write(type="report", content="# Title", tags=["a"])
            client.artifacts.create_version(made.artifact_id, content=bytes(1000))
        with served(settings) as url:
            yield Api(url, key, made.artifact_id)


def _without_keys(document: dict[str, Any]) -> dict[str, Any]:
    """The document of an API that needs no key: each case is sent with one and without, on purpose."""
    copy = deepcopy(document)
    for operations in copy["paths"].values():
        for operation in operations.values():
            operation.pop("security", None)
    return copy


DOCUMENT = create_app(Settings(DATABASE_URL="postgresql://localhost/none")).openapi()
schema = schemathesis.openapi.from_dict(
    _without_keys(DOCUMENT), config=schemathesis.Config.from_dict({"checks": _CHECKS, "request-timeout": 60})
)


def bounded(examples: int) -> Any:
    return hypothesis_settings(
        max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck), database=None
    )


def shows_nothing(_context: Any, response: Any, _case: Any) -> None:
    assert not _INSIDE.search(response.text), response.text


def check(case: Any, api: Api) -> None:
    """Send a case with a key, again about an artifact that exists, and without a key."""
    case.call_and_validate(base_url=api.url, headers=api.headers, additional_checks=[shows_nothing])
    if "artifact_id" in (case.path_parameters or {}):
        case.path_parameters["artifact_id"] = api.artifact_id
        response = case.call(base_url=api.url, headers=api.headers)
        case.validate_response(response, checks=[not_a_server_error, shows_nothing])
    if case.path not in _OPEN:
        assert case.call(base_url=api.url).status_code in {401, 404, 405}


@schema.parametrize()
@bounded(15)
def test_every_answer_is_documented(case: Any, api: Api) -> None:
    check(case, api)


@pytest.mark.slow
@schema.parametrize()
@bounded(400)
def test_every_answer_is_documented_at_length(case: Any, api: Api) -> None:
    check(case, api)


def test_the_document_is_complete(api: Api) -> None:
    assert requests.get(f"{api.url}/openapi.json", timeout=60).json() == DOCUMENT
    references = set(re.findall(r"#/components/schemas/(\w+)", str(DOCUMENT)))
    assert references == DOCUMENT["components"]["schemas"].keys()
    for path, operations in DOCUMENT["paths"].items():
        for method, operation in operations.items():
            answers = operation["responses"]
            assert "422" not in answers or path == "/telemetry/events", (method, path)
            assert path in _OPEN or ({"401", "403"} <= answers.keys() and operation["security"])
