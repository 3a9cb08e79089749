"""Prices of models, and the estimates that `ai.cost_usd_est` gives, without a server."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from decimal import ROUND_HALF_UP, Context, Decimal

from pydantic import BaseModel, ConfigDict

__all__ = ["ModelPrice", "PriceTable"]

_SEPARATOR = re.compile("[-@:]")
_EXACT = Context(prec=100, rounding=ROUND_HALF_UP)
_USD_PER_TOKEN = Decimal("0.000001")
_NINE_PLACES = Decimal("1e-9")


class ModelPrice(BaseModel):
    """The price of a model, USD per million tokens.

    Attributes:
        model: its name, without the date of a snapshot.
        provider: who sells it, such as ``openai``.
        valid_from: from when on the price holds.
        input_usd_per_mtok: for input tokens that were not cached.
        cached_input_usd_per_mtok: for input tokens read from the provider's cache.
        output_usd_per_mtok: for output tokens.
    """

    model_config = ConfigDict(frozen=True)

    model: str
    provider: str
    valid_from: datetime
    input_usd_per_mtok: Decimal
    cached_input_usd_per_mtok: Decimal
    output_usd_per_mtok: Decimal


class PriceTable:
    """The prices of one time, for estimates without a call.

    Args:
        prices: one a model, as ``client.models.prices()`` returns them.

    Example:
        >>> PriceTable([]).cost_usd_est("gpt-4o", 1000, 0, 10) is None
        True
    """

    def __init__(self, prices: Iterable[ModelPrice]) -> None:
        self._by_model = {price.model: price for price in prices}

    def find(self, model: str) -> ModelPrice | None:
        """Return the price of this model, else of the longest name before a ``-``, ``@`` or ``:``."""
        if exact := self._by_model.get(model):
            return exact
        ends = [found.start() for found in _SEPARATOR.finditer(model)]
        return next(filter(None, (self._by_model.get(model[:end]) for end in reversed(ends))), None)

    def cost_usd_est(
        self, model: str, input_tokens: int, cached_input_tokens: int, output_tokens: int
    ) -> Decimal | None:
        """Return what a call of a model costs by its list price.

        Args:
            model: its name as the provider's answer gives it: ``gpt-4o-2024-08-06`` is ``gpt-4o``.
            input_tokens: all of them, the cached ones too.
            cached_input_tokens: those of them that the provider read from its cache.
            output_tokens: output tokens.

        Returns:
            USD to 9 decimals; None for a model without a price, and for counts that cannot be.
        """
        price = self.find(model)
        if price is None or not 0 <= cached_input_tokens <= input_tokens or output_tokens < 0:
            return None
        tokens = (
            (input_tokens - cached_input_tokens, price.input_usd_per_mtok),
            (cached_input_tokens, price.cached_input_usd_per_mtok),
            (output_tokens, price.output_usd_per_mtok),
        )
        total = Decimal(0)
        for count, usd_per_mtok in tokens:
            total = _EXACT.fma(Decimal(count), usd_per_mtok, total)
        return _EXACT.quantize(_EXACT.multiply(total, _USD_PER_TOKEN), _NINE_PLACES)
