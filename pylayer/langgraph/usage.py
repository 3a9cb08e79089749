"""What model calls used, and what that costs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, cast

from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatGeneration, LLMResult

from pylayer.models import PriceTable

__all__ = ["ModelCall", "Usage", "read_call", "usage_facts"]


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of model calls, and what they cost.

    Attributes:
        input_tokens: tokens read, the cached ones included.
        cached_input_tokens: those of them that came from the provider's cache.
        output_tokens: tokens written.
        cost_usd_est: USD; None where a price is unknown.
    """

    input_tokens: int
    cached_input_tokens: int
    output_tokens: int
    cost_usd_est: Decimal | None

    def facts(self) -> dict[str, Any]:
        """Return it as keys of a payload."""
        facts: dict[str, Any] = {
            "input_tokens": self.input_tokens,
            "cached_input_tokens": self.cached_input_tokens,
            "output_tokens": self.output_tokens,
        }
        if self.cost_usd_est is not None:
            facts["cost_usd_est"] = float(self.cost_usd_est)
        return facts


@dataclass(frozen=True, slots=True)
class ModelCall:
    """An answer of a model.

    Attributes:
        names: what the model is called by its answer and by the request, in this order.
        usage: its tokens; None when the answer does not tell.
    """

    names: tuple[str, ...]
    usage: tuple[int, int, int] | None

    def priced(self, prices: PriceTable) -> tuple[str | None, Usage | None]:
        """Return the model by the first of its names that has a price, and what the call used."""
        if self.usage is None:
            return self.names[0] if self.names else None, None
        for name in self.names:
            if (cost := prices.cost_usd_est(name, *self.usage)) is not None:
                return name, Usage(*self.usage, cost)
        return self.names[0] if self.names else None, Usage(*self.usage, None)


def read_call(response: LLMResult, requested: str | None) -> ModelCall | None:
    """Return what a model's answer says about its call; None when no model was called.

    Args:
        response: the answer, or what there is of it when the call failed.
        requested: the model's name in the request.
    """
    generation = response.generations[0][0] if response.generations and response.generations[0] else None
    message = generation.message if isinstance(generation, ChatGeneration) else None
    if not isinstance(message, AIMessage):
        return None
    usage = cast("dict[str, Any] | None", message.usage_metadata)
    if usage and usage.get("total_cost") == 0:  # LangChain's mark of an answer from its own cache
        return None
    told = message.response_metadata
    names = (told.get("model_name"), told.get("model"), requested)
    return ModelCall(
        tuple(dict.fromkeys(name for name in names if isinstance(name, str) and name)),
        None if not usage else _tokens(usage),
    )


def usage_facts(calls: Sequence[ModelCall], prices: Callable[[], PriceTable]) -> dict[str, Any]:
    """Return the keys of a payload that say what model calls used.

    ``model`` is the one that cost most, else used most tokens; with several of them, ``models`` tells them
    apart. The cost is left out when that of any call is unknown.

    Args:
        calls: the calls.
        prices: is asked once, and only when there is something to price.
    """
    if not calls:
        return {}
    table = prices() if any(call.usage for call in calls) else PriceTable([])
    by_model: dict[str | None, list[Usage | None]] = {}
    for call in calls:
        model, usage = call.priced(table)
        by_model.setdefault(model, []).append(usage)
    totals = {model: _total(used) for model, used in by_model.items()}
    most = max(totals, key=lambda model: _weight(totals[model]))
    facts = _facts(most, _total([usage for used in by_model.values() for usage in used]))
    if len(totals) > 1:
        facts["models"] = [_facts(model, total) for model, total in totals.items()]
    return facts


def _tokens(usage: dict[str, Any]) -> tuple[int, int, int]:
    details: dict[str, Any] = usage.get("input_token_details") or {}
    return (
        _count(usage.get("input_tokens")),
        _count(details.get("cache_read")),
        _count(usage.get("output_tokens")),
    )


def _count(value: object) -> int:
    return value if isinstance(value, int) and value > 0 else 0


def _total(used: Sequence[Usage | None]) -> Usage | None:
    """Add up; None when no call told its tokens, and without a cost when that of any is unknown."""
    told = [usage for usage in used if usage is not None]
    if not told:
        return None
    costs = [None if usage is None else usage.cost_usd_est for usage in used]
    known = [cost for cost in costs if cost is not None]
    return Usage(
        sum(usage.input_tokens for usage in told),
        sum(usage.cached_input_tokens for usage in told),
        sum(usage.output_tokens for usage in told),
        sum(known, Decimal(0)) if len(known) == len(costs) else None,
    )


def _weight(total: Usage | None) -> tuple[Decimal, int]:
    if total is None:
        return Decimal(0), 0
    return total.cost_usd_est or Decimal(0), total.input_tokens + total.output_tokens


def _facts(model: str | None, total: Usage | None) -> dict[str, Any]:
    facts: dict[str, Any] = {} if model is None else {"model": model}
    return facts if total is None else facts | total.facts()
