"""The prices that come with pylayer."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

import pylayer
from pylayer.embedded import Stack
from pylayer.migrate import seed
from pylayer.models import PriceTable


def test_the_seeds_load_once_and_keep_what_is_there(dsn: str, client: pylayer.Client) -> None:
    own = Decimal("0.01")
    client.models.set_price(
        "gpt-4o",
        provider="openai",
        input_usd_per_mtok=own,
        output_usd_per_mtok=own,
        valid_from=datetime(2024, 10, 1, tzinfo=UTC),
    )
    assert "seeds/10_models.sql" in seed(dsn)
    prices = client.models.prices()
    assert seed(dsn)
    assert client.models.prices() == prices
    assert next(price for price in prices if price.model == "gpt-4o").input_usd_per_mtok == own


@pytest.mark.parametrize(
    ("model", "at", "usd"),
    [
        ("gpt-4o-2024-08-06", None, "0.003375"),
        ("gpt-4o-2024-05-13", None, "0.0065"),
        ("gpt-4o", datetime(2024, 6, 1, tzinfo=UTC), "0.0065"),
        ("gpt-4o-mini-2024-07-18", None, "0.0002025"),
        ("claude-sonnet-4-5-20250929", None, "0.00423"),
        ("claude-opus-4-20250514", None, "0.02115"),
        ("claude-opus-4-9-preview", None, None),
        ("gemini-2.5-flash-lite", None, "0.000131"),
        ("mistral-large-latest", None, "0.0026"),
        ("deepseek-chat", datetime(2025, 9, 10, tzinfo=UTC), "0.000679"),
        ("deepseek-chat", None, "0.0002968"),
    ],
)
def test_seeded_prices(
    dsn: str, client: pylayer.Client, model: str, at: datetime | None, usd: str | None
) -> None:
    seed(dsn)
    estimate = PriceTable(client.models.prices(at)).cost_usd_est(model, 1000, 100, 100)
    assert estimate == (None if usd is None else Decimal(usd))


def test_up_loads_the_seeds(durable_stack: Stack) -> None:
    with pylayer.connect(durable_stack.environment()["DATABASE_URL"]) as client:
        assert len(client.models.prices()) >= 20
