"""The database's ULIDs are python-ulid's, to the millisecond."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import Connection
from ulid import ULID

_LATEST_MS = 253402300799999  # datetime ends with the year 9999


def _moment(milliseconds: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)


def _ulid(milliseconds: int) -> ULID:
    return ULID(milliseconds.to_bytes(6, "big") + random.randbytes(10))


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(milliseconds=st.integers(0, _LATEST_MS))
def test_time_of_an_id(conn: Connection[Any], milliseconds: int) -> None:
    made = _ulid(milliseconds)
    row = conn.execute(
        "select core.ulid_time(%(u)s) as t, core.ulid_floor(core.ulid_time(%(u)s)) as f, "
        "core.ulid_ms(%(u)s) as ms",
        {"u": str(made)},
    ).fetchone()
    assert row is not None
    assert row["ms"] == made.milliseconds == milliseconds
    assert row["t"] == _moment(milliseconds)
    assert row["f"] == str(made)[:10] + "0" * 16


def test_greatest_id(conn: Connection[Any]) -> None:
    row = conn.execute("select core.ulid_ms('7ZZZZZZZZZZZZZZZZZZZZZZZZZ') as ms").fetchone()
    assert row == {"ms": 2**48 - 1}


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(milliseconds=st.integers(0, _LATEST_MS))
def test_new_id_of_a_time(conn: Connection[Any], milliseconds: int) -> None:
    moment = _moment(milliseconds)
    row = conn.execute(
        "select core.new_ulid(%s) as made, core.ulid_floor(%s) as floor", [moment, moment]
    ).fetchone()
    assert row is not None
    parsed = ULID.from_str(row["made"])
    assert parsed.milliseconds == milliseconds
    assert row["made"] >= row["floor"]


def test_new_ids_are_random_and_valid(conn: Connection[Any]) -> None:
    made = [
        r["u"] for r in conn.execute("select core.new_ulid()::core.ulid as u from generate_series(1, 5000)")
    ]
    assert len(set(made)) == 5000
    tails = [ULID.from_str(text).bytes[6:] for text in made]
    for bit in range(80):  # every random bit is set in about half of them
        share = sum(int.from_bytes(tail, "big") >> bit & 1 for tail in tails) / len(tails)
        assert 0.4 < share < 0.6, bit


@pytest.mark.parametrize(
    "text",
    ["", "0", "01KYX9XP00000000000000000", "01KYX9XP0000000000000000000", "I" * 26, "8" * 26, "é" * 26],
)
def test_malformed_ids(conn: Connection[Any], text: str) -> None:
    with pytest.raises(psycopg.Error) as caught:
        conn.execute("select core.ulid_time(%s)", [text])
    assert (caught.value.sqlstate, caught.value.diag.constraint_name) == ("PT400", "invalid_ulid")
    with pytest.raises(psycopg.errors.CheckViolation):
        conn.execute("select %s::core.ulid", [text])


@pytest.mark.parametrize("moment", ["1969-12-31T23:59:59Z", "infinity", "-infinity", "11000-01-01T00:00:00Z"])
def test_times_that_no_id_holds(conn: Connection[Any], moment: str) -> None:
    with pytest.raises(psycopg.Error) as caught:
        conn.execute("select core.ulid_floor(%s::timestamptz)", [moment])
    assert (caught.value.sqlstate, caught.value.diag.constraint_name) == ("PT400", "ulid_time_range")
