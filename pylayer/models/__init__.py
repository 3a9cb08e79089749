"""Models and what their tokens cost: `client.models`."""

from pylayer.models.namespace import Models
from pylayer.models.prices import ModelPrice, PriceTable

__all__ = ["ModelPrice", "Models", "PriceTable"]
