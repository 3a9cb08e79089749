"""`client.models`: the calls of schema ai."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from pylayer.calls import Namespace, Plan, R, call, operation, rows, scalar
from pylayer.models.prices import ModelPrice

__all__ = ["Models"]


class Models(Namespace[R]):
    """Models and what their tokens cost."""

    @operation
    def prices(self, at: datetime | None = None) -> Plan[list[ModelPrice]]:
        """Return the price of each model, by name.

        Args:
            at: the time; default now.

        Example:
            >>> [price.model for price in client.models.prices()]
            []
        """
        params = {} if at is None else {"p_at": at}
        return (yield from call("ai.model_prices", params, rows(ModelPrice), repeatable=True))

    @operation
    def set_price(
        self,
        model: str,
        *,
        provider: str,
        input_usd_per_mtok: Decimal,
        output_usd_per_mtok: Decimal,
        cached_input_usd_per_mtok: Decimal | None = None,
        valid_from: datetime | None = None,
    ) -> Plan[bool]:
        """Write the price that a model has from a time on (admin). What was written never changes.

        Args:
            model: its name, without the date of a snapshot.
            provider: who sells it, such as ``openai``.
            input_usd_per_mtok: USD per million input tokens, with at most 6 decimals.
            output_usd_per_mtok: of output tokens.
            cached_input_usd_per_mtok: of input tokens read from the provider's cache; default that of input.
            valid_from: default now.

        Returns:
            True when this call wrote it, False when it was there.

        Raises:
            InvalidInput: a name, price or time that is none.
            Conflict: the model has another price from then on.
        """
        params: dict[str, Any] = {
            "p_model": model,
            "p_provider": provider,
            "p_input_usd_per_mtok": input_usd_per_mtok,
            "p_output_usd_per_mtok": output_usd_per_mtok,
            "p_valid_from": valid_from or datetime.now(UTC),
            "p_cached_input_usd_per_mtok": cached_input_usd_per_mtok,
        }
        return (yield from call("ai.set_model_price", params, scalar, repeatable=True))
