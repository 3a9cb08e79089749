"""Bad input gets a code of the documented table and leaves nothing behind."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import Connection

import pylayer
from pylayer.errors import error_class
from tests.events.samples import step, ulid_at

_NOW = datetime.now(UTC)
_LAST_YEAR = ulid_at(_NOW - timedelta(days=365))
_TOMORROW = ulid_at(_NOW + timedelta(days=1))
_GOOD = {"step_name": "s", "status": "succeeded", "duration_ms": 1}

_BAD: dict[str, tuple[Any, type[pylayer.PylayerError], str | None]] = {
    "no id": (
        {"event_name": "workflow.step_completed", "payload": _GOOD},
        pylayer.InvalidInput,
        "missing_event_id",
    ),
    "malformed id": (step("not-a-ulid"), pylayer.InvalidInput, "invalid_event_id"),
    "lower-case id": (step("01kyx9xp000000000000000000"), pylayer.InvalidInput, "invalid_event_id"),
    "backslash id": (step("\\" * 26), pylayer.InvalidInput, "invalid_event_id"),
    "overflowing id": (step("8ZZZZZZZZZZZZZZZZZZZZZZZZZ"), pylayer.InvalidInput, "invalid_event_id"),
    "unknown type": (step(event_name="workflow.nothing"), pylayer.ValidationFailed, "unknown_event_type"),
    "unknown version": (step(event_version=99), pylayer.ValidationFailed, "unknown_event_type"),
    "missing key": (step(payload={"step_name": "s"}), pylayer.ValidationFailed, "contract"),
    "wrong type": (step(payload=_GOOD | {"duration_ms": "1"}), pylayer.ValidationFailed, "contract"),
    "array for number": (step(payload=_GOOD | {"duration_ms": [1]}), pylayer.ValidationFailed, "contract"),
    "bad enum": (step(payload=_GOOD | {"status": "done"}), pylayer.ValidationFailed, "contract"),
    "half a token": (step(payload=_GOOD | {"input_tokens": 1.5}), pylayer.ValidationFailed, "contract"),
    "too many tokens": (
        step(payload=_GOOD | {"input_tokens": 2**53 + 2}),
        pylayer.ValidationFailed,
        "contract",
    ),
    "negative cost": (step(payload=_GOOD | {"cost_usd_est": -1}), pylayer.ValidationFailed, "contract"),
    "no payload": (step(payload=None), pylayer.ValidationFailed, "invalid_payload"),
    "payload no object": (step(payload=[1]), pylayer.ValidationFailed, "invalid_payload"),
    "id from last year": (step(_LAST_YEAR), pylayer.Gone, "below_retention_floor"),
    "id from tomorrow": (step(_TOMORROW), pylayer.ValidationFailed, "in_the_future"),
    "ts far from id": (step(ts=(_NOW - timedelta(days=3)).isoformat()), pylayer.ValidationFailed, "ts_skew"),
    "ts is no time": (step(ts="yesterday"), pylayer.InvalidInput, "invalid_ts"),
    "ts depends on the clock": (step(ts="now"), pylayer.InvalidInput, "invalid_ts"),
    "ts is a number": (step(ts=1700000000), pylayer.InvalidInput, "invalid_ts"),
    "unknown key": (step(runid="x"), pylayer.InvalidInput, "unknown_key"),
    "run is an object": (step(run_id={"a": 1}), pylayer.InvalidInput, "invalid_field"),
    "metadata is text": (step(metadata="x"), pylayer.InvalidInput, "invalid_field"),
    "run too long": (step(run_id="r" * 501), pylayer.InvalidInput, "invalid_field"),
    "NUL": (step(run_id="a\x00b"), pylayer.InvalidInput, None),
    "NUL in payload": (step(payload=_GOOD | {"error": "a\x00b"}), pylayer.InvalidInput, None),
    "lone surrogate": (step(run_id="\ud800"), pylayer.InvalidInput, None),
    "NaN": (step(payload=_GOOD | {"duration_ms": float("nan")}), pylayer.InvalidInput, None),
    "not JSON": (step(payload={"x": object()}), pylayer.InvalidInput, None),
    "a list": ([step()], pylayer.InvalidInput, "not_an_object"),
}


def stored(conn: Connection[Any]) -> int:
    return conn.execute("select count(*) as n from telemetry.workflow_events").fetchone()["n"]


@pytest.mark.parametrize("name", _BAD)
def test_bad_event(client: pylayer.Client, conn: Connection[Any], name: str) -> None:
    event, error, reason = _BAD[name]
    for send in (client.events.ingest, lambda bad: client.events.ingest_many([step(), bad])):
        with pytest.raises(error) as caught:
            send(event)
        assert caught.value.code is not None
        assert error_class(caught.value.code) is error
        if reason:
            assert caught.value.reason == reason
    assert stored(conn) == 0


@pytest.mark.parametrize(
    "name", [name for name, (_, _, reason) in _BAD.items() if reason and name != "a list"]
)
def test_report_stores_the_good_ones(client: pylayer.Client, conn: Connection[Any], name: str) -> None:
    event, error, reason = _BAD[name]
    good = [step(), step()]
    results = client.events.ingest_many([good[0], event, good[1]], on_error="report")
    assert [result.status for result in results] == ["created", "refused", "created"]
    assert results[1].reason == reason
    assert error_class(results[1].code or "") is error
    assert stored(conn) == 2


def _huge_text() -> dict[str, Any]:
    return step(payload=_GOOD | {"error": "x" * 100_000_000})


def _huge_list() -> dict[str, Any]:
    return step(payload=_GOOD | {"more": [0] * 30_000_000})


def _deep() -> dict[str, Any]:
    value: Any = 1
    for _ in range(100_000):
        value = [value]
    return step(payload=_GOOD | {"more": value})


@pytest.mark.parametrize("make", [_huge_text, _huge_list])
def test_over_size_is_refused_by_the_client_at_once(
    client: pylayer.Client, make: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    event = make()
    with monkeypatch.context() as patched:
        patched.setattr("pylayer.events.encoding._to_json", None)  # nothing is encoded, let alone sent
        with pytest.raises(pylayer.TooLarge):
            client.events.ingest(event)
    with pytest.raises(pylayer.TooLarge):
        client.events.ingest_many([step(), event])


def test_too_many_events(client: pylayer.Client, conn: Connection[Any]) -> None:
    with pytest.raises(pylayer.TooLarge):
        client.events.ingest_many(step() for _ in range(10_001))
    with pytest.raises(psycopg.Error) as caught:
        conn.execute(
            "select telemetry.ingest_events((select jsonb_agg('{}'::jsonb) from generate_series(1, 10001)))"
        )
    assert (caught.value.sqlstate, caught.value.diag.constraint_name) == ("PT413", "too_many_events")


def test_deep_nesting(client: pylayer.Client, conn: Connection[Any]) -> None:
    with pytest.raises((pylayer.InvalidInput, pylayer.TooLarge)):
        client.events.ingest(_deep())
    assert stored(conn) == 0


@pytest.mark.parametrize("batch", ["{}", "1", "null", '"x"'])
def test_a_batch_is_an_array(conn: Connection[Any], batch: str) -> None:
    with pytest.raises(psycopg.Error) as caught:
        conn.execute("select telemetry.ingest_events(%s::jsonb)", [batch])
    assert (caught.value.sqlstate, caught.value.diag.constraint_name) == ("PT400", "not_an_array")


def test_unknown_mode(conn: Connection[Any]) -> None:
    for mode in ("skip", None):
        with pytest.raises(psycopg.Error) as caught:
            conn.execute("select telemetry.ingest_events('[]', %s)", [mode])
        assert caught.value.sqlstate == "PT400"


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
_KEYS = ["event_id", "event_version", "event_name", "ts", "run_id", "item_id", "payload", "metadata", "other"]
_MUTANT = st.builds(
    lambda base, changes: base | changes, st.builds(step), st.dictionaries(st.sampled_from(_KEYS), _JSON)
)
_PAYLOADS = st.dictionaries(
    st.sampled_from(["step_name", "status", "duration_ms", "input_tokens", "cost_usd_est", "error", "extra"]),
    _JSON,
)


def _check_outcome(conn: Connection[Any], batch: list[Any]) -> None:
    good = [step(), step()]
    text = json.dumps([good[0], *batch, good[1]])
    with conn.transaction(force_rollback=True):
        try:
            found = conn.execute(
                "select * from telemetry.ingest_events(%s::jsonb, 'report')", [text]
            ).fetchall()
        except psycopg.Error as error:  # JSON that jsonb can't hold
            if error_class(error.sqlstate or "") is None:
                raise
            return
        assert [row["position"] for row in found] == list(range(1, len(batch) + 3))
        assert found[0]["status"] == found[-1]["status"] == "created"
        for row in found:
            assert (row["status"] == "refused") == (row["code"] is not None)
            if row["code"]:
                assert error_class(row["code"]) is not None
                assert row["reason"]
                assert row["detail"] is not None
        kept = conn.execute("select count(*) as n from telemetry.workflow_events").fetchone()
        assert kept is not None
        assert kept["n"] == sum(row["status"] == "created" for row in found)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batch=st.lists(_JSON | _MUTANT | _PAYLOADS.map(lambda payload: step(payload=payload)), max_size=5))
def test_arbitrary_json(conn: Connection[Any], batch: list[Any]) -> None:
    _check_outcome(conn, batch)


@pytest.mark.slow
@settings(max_examples=5000, deadline=None, suppress_health_check=list(HealthCheck))
@given(batch=st.lists(_JSON | _MUTANT | _PAYLOADS.map(lambda payload: step(payload=payload)), max_size=5))
def test_arbitrary_json_at_length(conn: Connection[Any], batch: list[Any]) -> None:
    _check_outcome(conn, batch)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(payload=_PAYLOADS)
def test_compiled_contract_agrees_with_its_words(conn: Connection[Any], payload: dict[str, Any]) -> None:
    """The fast predicate and the slow explanation give the same verdict on every payload."""
    try:
        text = json.dumps(payload)
        row = conn.execute(
            """select (%(p)s::jsonb @@ t.validator) is true as ok,
              telemetry.contract_violation(t.contract, %(p)s::jsonb) as violation
            from telemetry.event_types as t where t.event_name = 'workflow.step_completed'""",
            {"p": text},
        ).fetchone()
    except psycopg.DataError:  # JSON that jsonb can't hold never reaches a contract
        return
    assert row is not None
    assert row["ok"] == (row["violation"] is None)
