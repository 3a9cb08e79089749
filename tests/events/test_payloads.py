"""The payload models and the contracts in the database say the same."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from psycopg import Connection
from ulid import ULID

import pylayer
from pylayer.events import (
    PAYLOADS,
    ItemStateChanged,
    LessonApplied,
    LessonRecorded,
    Payload,
    StepCompleted,
    build,
)
from pylayer.events.encoding import encode_event

_STEP = {"step_name": "build", "status": "succeeded", "duration_ms": 12}


def test_contracts_are_those_of_the_database(conn: Connection[Any]) -> None:
    rows = conn.execute("select event_name, event_version, contract, description from telemetry.event_types")
    stored = {(r["event_name"], r["event_version"]): (r["contract"], r["description"]) for r in rows}
    models = {
        (name, model.event_version): (model.contract(), (model.__doc__ or "").partition(".\n")[0])
        for name, model in PAYLOADS.items()
    }
    assert models == stored


def test_each_model_stands_in_the_table() -> None:
    models = [model for model in Payload.__subclasses__() if model.__module__ == "pylayer.events.payloads"]
    assert models == list(PAYLOADS.values())


_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12)
_NUMBERS = st.one_of(
    st.integers(-3, 3),
    st.sampled_from([2**53, 2**53 + 1, 1_000_000_000, 1_000_000_000.5, 10**400, 0.0, -0.0, 1.0, 0.5, 3.0]),
    st.sampled_from([5e-324, 1e308, 9007199254740992.0, 9007199254740994.0]),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
)
_JSON = st.recursive(
    st.none() | st.booleans() | _NUMBERS | _TEXT | st.sampled_from(["3", "true", "1.5", ""]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3),
    max_leaves=6,
)
_OF_TYPE: dict[str, st.SearchStrategy[Any]] = {
    "string": _TEXT,
    "null": st.none(),
    "integer": st.integers(0, 9),
    "number": st.integers(0, 1) | st.floats(0, 1),
    "boolean": st.booleans(),
    "array": st.lists(_JSON, max_size=3),
    "object": st.dictionaries(_TEXT, _JSON, max_size=3),
}
_METHODS = ["facts", "contract", "event_name", "model_extra", "self", "_private"]


def _good(rule: dict[str, Any]) -> st.SearchStrategy[Any]:
    if "enum" in rule:
        return st.sampled_from(rule["enum"])
    types = rule["type"] if isinstance(rule["type"], list) else [rule["type"]]
    return st.one_of([_OF_TYPE[name] for name in types])


@st.composite
def _payloads(draw: st.DrawFn, contract: dict[str, Any]) -> dict[str, Any]:
    """A payload whose keys are mostly right, so that one wrong one decides."""
    payload: dict[str, Any] = {}
    wrong = draw(st.sets(st.sampled_from(list(contract["properties"])), max_size=2))
    for name, rule in contract["properties"].items():
        if name in wrong:
            if draw(st.booleans()):
                payload[name] = draw(_JSON)
        elif name in contract["required"] or draw(st.booleans()):
            payload[name] = draw(_good(rule))
    extra = draw(st.dictionaries(st.sampled_from(_METHODS) | _TEXT, _JSON, max_size=2))
    return {key: value for key, value in extra.items() if key not in contract["properties"]} | payload


def _sent(model: type[Payload], payload: dict[str, Any]) -> dict[str, Any]:
    """The payload without what the model leaves out."""
    contract = model.contract()
    optional = set(contract["properties"]) - set(contract["required"])
    return {key: value for key, value in payload.items() if value is not None or key not in optional}


@pytest.mark.parametrize("name", PAYLOADS)
def test_model_and_database_agree(conn: Connection[Any], name: str) -> None:
    """What a model accepts is stored as it is; what it refuses is refused by the database too."""
    model = PAYLOADS[name]

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(payload=_payloads(model.contract()))
    @example(payload={})
    def agree(payload: dict[str, Any]) -> None:
        try:
            event, expected = encode_event(build(model(**payload))), ("created", None)
        except pylayer.ValidationFailed:
            event = json.dumps({"event_id": str(ULID()), "event_name": name, "payload": payload})
            expected = ("refused", "contract")
        with conn.transaction(force_rollback=True):
            [row] = conn.execute(
                "select * from telemetry.ingest_events(jsonb_build_array(%s::jsonb), 'report')", [event]
            ).fetchall()
            assert (row["status"], row["reason"]) == expected
            stored = conn.execute(
                "select payload = %s::jsonb as same from telemetry.workflow_events",
                [json.dumps(_sent(model, payload))],
            ).fetchall()
            assert stored == ([{"same": True}] if row["status"] == "created" else [])

    agree()


_REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "missing": ({"duration_ms": None}, "duration_ms"),
    "text for a number": ({"duration_ms": "3"}, "duration_ms"),
    "boolean for a number": ({"duration_ms": True}, "duration_ms"),
    "negative": ({"duration_ms": -1}, "duration_ms"),
    "NaN": ({"duration_ms": float("nan")}, "duration_ms"),
    "infinite": ({"cost_usd_est": float("inf")}, "cost_usd_est"),
    "infinite decimal": ({"cost_usd_est": Decimal("Infinity")}, "cost_usd_est"),
    "signalling NaN": ({"cost_usd_est": Decimal("sNaN")}, "cost_usd_est"),
    "half a token": ({"input_tokens": 1.5}, "input_tokens"),
    "boolean for a count": ({"retry_count": False}, "retry_count"),
    "too many tokens": ({"output_tokens": 2**53 + 1}, "output_tokens"),
    "number for text": ({"step_name": 7}, "step_name"),
    "bytes for text": ({"model": b"gpt"}, "model"),
    "no status": ({"status": "done"}, "status"),
}


@pytest.mark.parametrize("name", _REFUSED)
def test_refusal_names_the_field(name: str) -> None:
    changes, field = _REFUSED[name]
    with pytest.raises(pylayer.ValidationFailed) as caught:
        StepCompleted(**_STEP | changes)
    assert (caught.value.code, caught.value.reason) == ("PT422", "contract")
    assert (caught.value.detail or "").startswith(f"{field}: ")


def test_refusal_does_not_repeat_the_value() -> None:
    with pytest.raises(pylayer.ValidationFailed) as caught:
        StepCompleted(**_STEP | {"status": "a secret"})
    assert "a secret" not in str(caught.value)


def test_union_names_its_field_once() -> None:
    with pytest.raises(pylayer.ValidationFailed) as caught:
        LessonApplied.model_validate({"lesson_id": "L-1", "outcome": "helped", "context": 3})
    assert (caught.value.detail or "").startswith("context: ")


@pytest.mark.parametrize(
    ("cost", "sent"),
    [
        (Decimal("0.000000001"), "1e-9"),
        (Decimal("12.345678912"), "12.345678912"),
        (0.25, "0.25"),
        (Decimal(0), "0.0"),
        (3, "3"),
    ],
)
def test_money_is_sent_as_a_json_number(client: pylayer.Client, cost: Any, sent: str) -> None:
    event = build(StepCompleted(step_name="s", status="failed", duration_ms=1, cost_usd_est=cost))
    assert f'"cost_usd_est":{sent}' in event.model_dump_json()
    assert client.events.ingest(event).created
    [stored] = client.events.query(event_name=event.event_name)
    assert Decimal(str(stored.payload["cost_usd_est"])) == Decimal(cost)


@pytest.mark.parametrize("make", [list, tuple, iter])
def test_any_sequence_is_an_array(make: Callable[[list[str]], Any]) -> None:
    payload = LessonRecorded(lesson_id="L", lesson="x", source_event_ids=make(["a", "b"]))
    assert payload.facts()["source_event_ids"] == ["a", "b"]


def test_null_stays_where_the_contract_asks_for_it() -> None:
    facts = {"item_type": "story", "from_state": None, "to_state": "new", "note": None}
    assert ItemStateChanged.model_validate(facts | {"reason": None}).facts() == facts


def test_own_payload_registers_by_its_contract(client: pylayer.Client) -> None:
    class OrderPlaced(Payload):
        """A customer placed an order."""

        event_name: ClassVar[str] = "shop.order_placed"
        event_version: ClassVar[int] = 2
        order_id: str
        channel: str | None = None

    assert client.events.register_event_type("shop.order_placed", OrderPlaced.contract(), event_version=2)
    assert client.events.ingest(build(OrderPlaced(order_id="A-1"))).created
