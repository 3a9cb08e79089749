"""CloudEvents of the project's own SDK, and bad ones, become workflow events or a reason why not."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from cloudevents.core.bindings.http import HTTPMessage, to_binary_event, to_structured_event
from cloudevents.core.v1.event import CloudEvent
from hypothesis import given
from hypothesis import strategies as st

import pylayer
from pylayer.config import Settings
from pylayer.errors import InvalidInput, PylayerError, TooLarge, ValidationFailed
from pylayer.events.encoding import MAX_BATCH_EVENTS
from pylayer.server.cloudevents import BATCH_TYPE, EVENT_TYPE, Batch, convert, event_id_of
from tests.server.serving import served

TIME = datetime.now(UTC).replace(microsecond=123456)
ULID = "01K6Z9V0Q8W3F5T7XENR2B4C6D"
PAYLOAD = {"issue_type": "handoff", "impact": "low"}
MINIMAL = {"specversion": "1.0", "id": "a-1", "source": "/crew/ä", "type": "workflow.flow_issue"}
CONTEXT = {
    "time": TIME,
    "subject": "a subject",
    "datacontenttype": "application/json",
    "dataschema": "https://example.com/schema",
    "runid": 'run "1" 100% €😀',
    "itemid": "INFR-001",
    "workflowname": "build",
    "agentrole": "tester",
    "projectid": "p",
    "eventversion": "1",
    "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    "tracestate": "a=b",
}


def made(**attributes: Any) -> CloudEvent:
    return CloudEvent(attributes={**MINIMAL, **attributes}, data=PAYLOAD)


def converted(message: HTTPMessage) -> dict[str, Any]:
    found = convert(message.headers.items(), message.body)
    assert isinstance(found, bytes)
    return json.loads(found)


def structured(**members: Any) -> dict[str, Any]:
    document = {**MINIMAL, "time": TIME.isoformat(), "data": PAYLOAD, **members}
    found = convert([("Content-Type", f"{EVENT_TYPE}; charset=utf-8")], json.dumps(document).encode())
    assert isinstance(found, bytes)
    return json.loads(found)


def batch(*documents: Any) -> Batch:
    found = convert([("content-type", BATCH_TYPE)], json.dumps(documents).encode())
    assert isinstance(found, Batch)
    return found


def binary(body: bytes = b"{}", /, **headers: str) -> dict[str, Any]:
    given = {**MINIMAL, "source": "/crew", "time": "2026-01-31T12:00:00Z", **headers}
    pairs = [(f"Ce-{name}", value) for name, value in given.items()]
    found = convert([*pairs, ("Content-Type", "application/json")], body)
    assert isinstance(found, bytes)
    return json.loads(found)


@pytest.mark.parametrize("send", [to_structured_event, to_binary_event])
def test_what_the_sdk_sends(send: Any) -> None:
    event = converted(send(made(**CONTEXT)))
    assert event == {
        "event_id": event_id_of("/crew/ä", "a-1", TIME),
        "event_name": "workflow.flow_issue",
        "event_version": 1,
        "ts": TIME.isoformat(),
        "payload": PAYLOAD,
        "run_id": 'run "1" 100% €😀',
        "item_id": "INFR-001",
        "workflow_name": "build",
        "agent_role": "tester",
        "project_id": "p",
        "metadata": {
            "traceparent": CONTEXT["traceparent"],
            "cloudevents": {
                "specversion": "1.0",
                "id": "a-1",
                "source": "/crew/ä",
                "time": TIME.isoformat().replace("+00:00", "Z"),
                "subject": "a subject",
                "datacontenttype": "application/json",
                "dataschema": "https://example.com/schema",
                "tracestate": "a=b",
            },
        },
    }


def test_both_modes_of_one_event_are_one_event() -> None:
    event = made(**{**CONTEXT, "runid": "7", "eventversion": "2"})
    assert converted(to_structured_event(event)) == converted(to_binary_event(event))
    assert structured(runid=7, itemid=True)["run_id"] == "7"
    assert structured(runid=7, itemid=True)["item_id"] == "true"


def test_the_database_takes_them(client: pylayer.Client) -> None:
    event = converted(to_binary_event(made(**CONTEXT)))
    assert client.events.ingest(event).status == "created"
    assert client.events.ingest(converted(to_structured_event(made(**CONTEXT)))).status == "duplicate"
    (stored,) = client.events.query(run_id=event["run_id"])
    assert stored.ts == TIME
    assert stored.metadata == event["metadata"]
    other = converted(to_binary_event(made(**{**CONTEXT, "source": "/other"})))
    assert client.events.ingest(other).status == "created"


def test_the_id_can_be_computed_anywhere() -> None:
    time = datetime(2026, 1, 31, 12, 0, 0, 999_999, tzinfo=UTC)
    digest = hashlib.sha256("8:/crew/äa-1".encode()).digest()
    number = (1_769_860_800_999 << 80) | int.from_bytes(digest[:10])
    alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    expected = "".join(alphabet[number >> (5 * place) & 31] for place in reversed(range(26)))
    assert event_id_of("/crew/ä", "a-1", time) == expected


@given(st.lists(st.tuples(st.text(), st.text()), min_size=2, max_size=2, unique=True))
def test_source_and_id_are_told_apart(pair: list[tuple[str, str]]) -> None:
    texts = [tuple(part.encode(errors="ignore").decode() for part in one) for one in pair]
    ids = {event_id_of(source, identifier, TIME) for source, identifier in texts}
    assert len(ids) == len(set(texts))


def test_a_shifted_border_is_another_event() -> None:
    assert event_id_of("a", "bc", TIME) != event_id_of("ab", "c", TIME)
    assert event_id_of("1:a", "b", TIME) != event_id_of("1", ":ab", TIME)


@pytest.mark.parametrize("identifier", [ULID, ULID.lower()])
def test_a_ulid_is_kept_in_upper_case(identifier: str) -> None:
    event = structured(id=identifier, time=None)
    assert event["event_id"] == ULID
    assert "ts" not in event
    assert event["metadata"]["cloudevents"]["id"] == identifier


def test_no_ulid_after_all() -> None:
    for identifier in ("8" + ULID[1:], "I" + ULID[1:], ULID + "0", "\u017f" + ULID[1:]):
        assert structured(id=identifier)["event_id"] == event_id_of("/crew/ä", identifier, TIME)


@pytest.mark.parametrize(
    ("time", "ts"),
    [
        ("2026-01-31T12:00:00Z", "2026-01-31T12:00:00+00:00"),
        ("2026-01-31t12:00:00.5z", "2026-01-31T12:00:00.500000+00:00"),
        ("2026-01-31T12:00:00.123456789+02:00", "2026-01-31T10:00:00.123456+00:00"),
        ("1970-01-01T00:00:00-23:59", "1970-01-01T23:59:00+00:00"),
        ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59+00:00"),
    ],
)
def test_times(time: str, ts: str) -> None:
    assert structured(time=time)["ts"] == ts


@pytest.mark.parametrize(
    ("header", "text"),
    [
        ("Euro%20%E2%82%AC%20%F0%9F%98%80", "Euro € 😀"),
        ("%e2%82%ac", "€"),
        ('"quoted \\"text\\" %41"', 'quoted "text" A'),
        ("%2541", "%41"),
        ("100%", "100%"),
        ('"', '"'),
        ("â\x82¬", "€"),
    ],
)
def test_header_values(header: str, text: str) -> None:
    assert binary(runid=header)["run_id"] == text


def test_no_data() -> None:
    document = {**MINIMAL, "id": ULID}
    found = convert([("content-type", EVENT_TYPE)], json.dumps(document).encode())
    assert isinstance(found, bytes)
    assert json.loads(found)["payload"] == {}
    assert binary(b"")["payload"] == {}
    assert structured(data=None)["payload"] is None


def test_numbers_stay_what_they_are() -> None:
    data = {"big": 2**70, "small": 0.1, "minus": -1.5e-300}
    assert structured(data=data)["payload"] == data


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("content-type", "application/json")],
        [("content-type", "application/json"), ("ce-other", "x"), ("x-ce-id", "1")],
    ],
)
def test_what_is_no_cloudevent(headers: list[tuple[str, str]]) -> None:
    assert convert(headers, b"{}") is None


MALFORMED = [
    ({"specversion": "0.3"}, "unsupported_specversion"),
    ({"specversion": "1.0.2"}, "unsupported_specversion"),
    ({"specversion": 1.0}, "invalid_attribute"),
    ({"specversion": None}, "missing_attribute"),
    ({"id": ""}, "missing_attribute"),
    ({"id": 5}, "missing_attribute"),
    ({"source": None}, "missing_attribute"),
    ({"type": None}, "missing_attribute"),
    ({"run_id": "r"}, "invalid_attribute"),
    ({"runId": "r"}, "invalid_attribute"),
    ({"": "r"}, "invalid_attribute"),
    ({"runid": ["r"]}, "invalid_attribute"),
    ({"runid": 1.5}, "invalid_attribute"),
    ({"runid": "a\x00"}, "invalid_attribute"),
    ({"subject": "a\ud800"}, "invalid_attribute"),
    ({"eventversion": "0"}, "invalid_attribute"),
    ({"eventversion": "1.0"}, "invalid_attribute"),
]
UNSUITABLE = [
    ({"time": None}, "missing_time"),
    ({"time": "2026-01-31"}, "invalid_time"),
    ({"time": "2026-01-31T12:00:00"}, "invalid_time"),
    ({"time": "2026-13-31T12:00:00Z"}, "invalid_time"),
    ({"time": "1969-12-31T23:59:59Z"}, "invalid_time"),
    ({"time": "0001-01-01T00:00:00+01:00"}, "invalid_time"),
    ({"time": 5}, "invalid_time"),
    ({"data_base64": "e30="}, "unsupported_data"),
    ({"datacontenttype": "text/plain"}, "unsupported_data"),
    ({"datacontenttype": "application/jsonx"}, "unsupported_data"),
    ({"datacontenttype": ""}, "unsupported_data"),
]
NO_JSON = [
    ({"data": {"a": "\x00"}}, "22P05"),
    ({"data": {"a": "\\\x00"}}, "22P05"),
    ({"data": {"a\ud800": 1}}, "22P02"),
]
BAD = [*((case, "PT400", reason) for case, reason in MALFORMED)]
BAD += [(case, "PT422", reason) for case, reason in UNSUITABLE]
BAD += [(case, code, None) for case, code in NO_JSON]


@pytest.mark.parametrize(("members", "code", "reason"), BAD, ids=str)
def test_refused(members: dict[str, Any], code: str, reason: str | None) -> None:
    with pytest.raises(PylayerError) as caught:
        structured(**members)
    assert (caught.value.code, caught.value.reason) == (code, reason)
    assert isinstance(caught.value, ValidationFailed if code == "PT422" else InvalidInput)


def test_text_that_only_looks_like_nul_is_taken() -> None:
    assert structured(data={"a": "\\u0000", "b": "\\\\u0000"})["payload"]["a"] == "\\u0000"


@pytest.mark.parametrize("kind", ["application/problem+json", "text/JSON; charset=utf-8", "application/json"])
def test_kinds_of_json(kind: str) -> None:
    assert structured(datacontenttype=kind)["payload"] == PAYLOAD


@pytest.mark.parametrize(
    ("content_type", "body", "code", "reason"),
    [
        (EVENT_TYPE, b"", "22P02", "invalid_json"),
        (EVENT_TYPE, b"\xff", "22P02", "invalid_json"),
        (EVENT_TYPE, b'{"data": NaN}', "22P02", "invalid_json"),
        (EVENT_TYPE, b"[" * 100_000, "22P02", "invalid_json"),
        (EVENT_TYPE, b"[]", "PT400", "not_an_object"),
        (BATCH_TYPE, b"{}", "PT400", "not_an_array"),
        ("application/cloudevents+avro", b"{}", "PT422", "unsupported_format"),
        ("application/cloudevents", b"{}", "PT422", "unsupported_format"),
    ],
)
def test_refused_messages(content_type: str, body: bytes, code: str, reason: str) -> None:
    with pytest.raises(PylayerError) as caught:
        convert([("content-type", content_type)], body)
    assert (caught.value.code, caught.value.reason) == (code, reason)


@pytest.mark.parametrize(
    ("headers", "code", "reason"),
    [
        ([("ce-id", "1")], "PT400", "missing_attribute"),
        ([("ce-source", "%C0%A0")], "PT400", "invalid_attribute"),
        ([("ce-id", "1"), ("CE-ID", "2")], "PT400", "invalid_attribute"),
        ([("ce-id", "1"), ("ce-datacontenttype", "application/json")], "PT400", "invalid_attribute"),
        ([("ce-id", "1"), ("ce-run-id", "r")], "PT400", "invalid_attribute"),
        (
            [*((f"ce-{n}", "1.0") for n in MINIMAL), ("content-type", "text/plain")],
            "PT422",
            "unsupported_data",
        ),
        ([(f"ce-{n}", "1.0") for n in MINIMAL], "PT422", "missing_time"),
    ],
)
def test_refused_headers(headers: list[tuple[str, str]], code: str, reason: str) -> None:
    with pytest.raises(PylayerError) as caught:
        convert(headers, b"{}")
    assert (caught.value.code, caught.value.reason) == (code, reason)


def test_a_bad_event_fails_alone(client: pylayer.Client) -> None:
    good = {**MINIMAL, "time": TIME.isoformat(), "data": PAYLOAD}
    documents = [{**good, **members} for members, _, _ in BAD]
    message = batch("no event", good, *documents, {**good, "id": "2", "data": {}}, {**good, "id": "3"})
    stored = client.events.ingest_many(json.loads(message.events), on_error="report")
    results = message.results(stored)
    assert [result.position for result in results] == list(range(1, len(BAD) + 5))
    assert [(result.code, result.reason) for result in results] == [
        ("PT400", "not_an_object"),
        (None, None),
        *((code, reason) for _, code, reason in BAD),
        ("PT422", "contract"),
        (None, None),
    ]
    assert [result.status for result in results if result.reason is result.code is None] == ["created"] * 2


def test_too_many_events() -> None:
    assert len(batch(*[0] * MAX_BATCH_EVENTS).refused) == MAX_BATCH_EVENTS
    with pytest.raises(TooLarge) as caught:
        batch(*[0] * (MAX_BATCH_EVENTS + 1))
    assert caught.value.reason == "too_many_events"


def test_an_empty_batch() -> None:
    assert (batch().events, batch().results([])) == (b"[]", [])


# Over HTTP ----------------------------------------------------------------------------------


@pytest.fixture
def http(settings: Settings, client: pylayer.Client) -> Iterator[httpx.Client]:
    key = client.keys.create("sender", scopes=["events:write"]).secret
    with (
        served(settings) as url,
        httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=60) as connected,
    ):
        yield connected


def sent(http: httpx.Client, message: HTTPMessage) -> httpx.Response:
    return http.post("/telemetry/events", headers=message.headers, content=message.body)


def test_each_mode_over_http(http: httpx.Client, client: pylayer.Client) -> None:
    event = made(**CONTEXT)
    first, again = sent(http, to_binary_event(event)), sent(http, to_structured_event(event))
    identifier = event_id_of("/crew/ä", "a-1", TIME)
    assert (first.status_code, first.json()) == (201, {"event_id": identifier, "created": True})
    assert (again.status_code, again.json()) == (200, {"event_id": identifier, "created": False})
    (stored,) = client.events.query()
    assert (stored.run_id, stored.event_id) == (CONTEXT["runid"], identifier)
    documents = [json.loads(to_structured_event(made(time=TIME, id=name)).body) for name in ("a-1", "a-2")]
    bad = {**documents[0], "specversion": "0.3"}
    answer = http.post(
        "/telemetry/events", headers={"Content-Type": BATCH_TYPE}, content=json.dumps([bad, *documents])
    )
    assert answer.status_code == 207
    found = [
        (result["position"], result["status"], result.get("reason")) for result in answer.json()["results"]
    ]
    assert found == [(1, "refused", "unsupported_specversion"), (2, "conflict", None), (3, "created", None)]
    assert client.events.query(after=identifier)[-1].event_id == event_id_of("/crew/ä", "a-2", TIME)


def test_refusals_over_http(http: httpx.Client, client: pylayer.Client) -> None:
    for event, status, reason in [
        (made(time=TIME, eventversion="x"), 400, "invalid_attribute"),
        (made(time=TIME, datacontenttype="text/plain"), 422, "unsupported_data"),
        (made(time=TIME, type="workflow.unheard_of"), 422, "unknown_event_type"),
    ]:
        for message in (to_binary_event(event), to_structured_event(event)):
            answer = sent(http, message)
            assert (answer.status_code, answer.json().get("reason")) == (status, reason), answer.text
            assert answer.headers["content-type"] == "application/problem+json"
    assert client.events.query() == []


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.dictionaries(st.sampled_from([*MINIMAL, *CONTEXT, "data", "data_base64", "ext"]), json_values)
    | json_values
)
def test_anything_is_an_event_or_a_refusal(document: Any) -> None:
    if isinstance(document, dict):
        document = {**MINIMAL, **document}
    try:
        body = json.dumps([document], allow_nan=False).encode()
    except ValueError:
        return
    found = convert([("content-type", BATCH_TYPE)], body)
    assert isinstance(found, Batch)
    assert len(json.loads(found.events)) + len(found.refused) == 1
