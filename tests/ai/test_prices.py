"""Prices through the client, and estimates that Python and SQL make alike."""

from __future__ import annotations

import asyncio
import doctest
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from psycopg import Connection
from psycopg.rows import dict_row

import pylayer
from pylayer.config import Settings
from pylayer.models import ModelPrice, Models, PriceTable

JANUARY = datetime(2026, 1, 1, tzinfo=UTC)
REGISTERED = ("m", "m-1", "m-1-mini", "m@1:b", "tiny", "vast")
MOST = 2**63 - 1


def set_price(client: pylayer.Client, model: str, usd: str, **more: Any) -> bool:
    price = {"provider": "p", "input_usd_per_mtok": Decimal(usd), "output_usd_per_mtok": Decimal(usd) * 2}
    return client.models.set_price(model, **{"valid_from": JANUARY, **price, **more})


@pytest.mark.parametrize("documented", [PriceTable, Models.prices])
def test_the_examples_are_true(client: pylayer.Client, documented: Any) -> None:
    names = {"client": client, "PriceTable": PriceTable}
    example = doctest.DocTestParser().get_doctest(documented.__doc__, names, "example", None, None)
    outcome = doctest.DocTestRunner().run(example)
    assert (outcome.attempted, outcome.failed) == (1, 0)


def test_prices_hold_until_the_next(client: pylayer.Client) -> None:
    assert client.models.prices() == []
    assert set_price(client, "m", "2", cached_input_usd_per_mtok=Decimal("0.5"))
    assert not set_price(client, "m", "2.00", cached_input_usd_per_mtok=Decimal("0.50"))
    assert set_price(client, "m", "1", valid_from=JANUARY + timedelta(days=31))
    (first,) = client.models.prices(JANUARY + timedelta(days=30))
    assert first == ModelPrice(
        model="m",
        provider="p",
        valid_from=JANUARY,
        input_usd_per_mtok=Decimal(2),
        cached_input_usd_per_mtok=Decimal("0.5"),
        output_usd_per_mtok=Decimal(4),
    )
    assert [price.input_usd_per_mtok for price in client.models.prices()] == [1]
    assert client.models.prices(JANUARY - timedelta(microseconds=1)) == []


def test_a_price_holds_from_now_on_when_no_time_is_given(client: pylayer.Client) -> None:
    assert set_price(client, "m", "2", valid_from=None)
    assert [price.model for price in client.models.prices()] == ["m"]
    assert client.models.prices(datetime.now(UTC) - timedelta(minutes=1)) == []


def test_what_is_no_price_is_refused(client: pylayer.Client) -> None:
    set_price(client, "m", "2")
    with pytest.raises(pylayer.Conflict) as conflict:
        set_price(client, "m", "3")
    assert conflict.value.reason == "price_exists"
    for usd in ("-1", "NaN", "Infinity", "0.0000001"):
        with pytest.raises(pylayer.InvalidInput) as caught:
            set_price(client, "other", usd)
        assert caught.value.reason == "invalid_price"


def test_agents_read_prices_and_set_none(client: pylayer.Client) -> None:
    set_price(client, "m", "2")
    agent = client.acting_as("pylayer_agent")
    assert [price.model for price in agent.models.prices()] == ["m"]
    with pytest.raises(pylayer.Forbidden) as caught:
        set_price(agent, "m", "2")
    assert caught.value.code == "42501"


def test_the_async_client_does_the_same(settings: Settings) -> None:
    async def main() -> None:
        async with await pylayer.connect_async(settings=settings) as client:
            usd = Decimal(2)
            written = await client.models.set_price(
                "m", provider="p", input_usd_per_mtok=usd, output_usd_per_mtok=usd, valid_from=JANUARY
            )
            assert written
            assert [price.model for price in await client.models.prices()] == ["m"]

    asyncio.run(main())


def _cached(usd: str) -> Decimal:
    return (Decimal(usd) / 2).quantize(Decimal("0.000001"))


@pytest.fixture
def priced(dsn: str, client: pylayer.Client) -> Iterator[tuple[PriceTable, Connection[dict[str, Any]]]]:
    """A table of the prices, and a connection to the database that has them."""
    for model, usd in zip(REGISTERED, ("2.5", "0.15", "3", "0.1", "0.000001", "499999.999998"), strict=True):
        set_price(client, model, usd, cached_input_usd_per_mtok=_cached(usd))
        if model == "m":
            set_price(client, model, "1.25", valid_from=JANUARY + timedelta(days=31))
    with psycopg.connect(dsn, row_factory=dict_row) as connection:
        yield PriceTable(client.models.prices()), connection


_COUNTS = st.one_of(st.integers(-2, 2000), st.integers(0, MOST))
_NAMES = st.builds("{}{}".format, st.sampled_from((*REGISTERED, "other", "")), st.text("-@:m1_", max_size=4))


@given(model=_NAMES, counts=st.tuples(_COUNTS, _COUNTS, _COUNTS))
@example(model="m-1-mini-2026", counts=(1000, 400, 100))
@example(model="m@1:b:c", counts=(1, 0, 0))
@example(model="tiny", counts=(500, 0, 0))
@example(model="tiny", counts=(499, 0, 0))
@example(model="vast", counts=(MOST, 1, MOST))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_python_and_sql_estimate_alike(
    priced: tuple[PriceTable, Connection[dict[str, Any]]], model: str, counts: tuple[int, int, int]
) -> None:
    table, connection = priced
    found = connection.execute("select ai.cost_usd_est(%s, %s, %s, %s) as usd", [model, *counts]).fetchone()
    assert found is not None
    estimate = table.cost_usd_est(model, *counts)
    assert estimate == found["usd"]
    assert str(estimate) == str(found["usd"])


def test_estimates_use_the_longest_name(priced: tuple[PriceTable, Connection[Any]]) -> None:
    table, _ = priced
    assert table.cost_usd_est("m-1-mini-2026-01-01", 1_000_000, 0, 0) == 3
    assert table.cost_usd_est("m-1:free", 1_000_000, 1_000_000, 0) == Decimal("0.075")
    assert table.cost_usd_est("m", 0, 0, 1_000_000) == Decimal("2.5")
    assert table.cost_usd_est("m_1", 1, 0, 0) is None
    assert table.cost_usd_est("m", 1, 2, 0) is None
