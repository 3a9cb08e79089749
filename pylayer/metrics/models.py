"""What comes out of `client.metrics`."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

__all__ = ["MetricTotal"]


class MetricTotal(BaseModel):
    """One series: a running total of the database.

    Attributes:
        metric: its name in Prometheus; one of `pylayer.metrics.DATABASE`.
        labels: what tells it from the other series of the metric.
        value: a counter's or gauge's value, or the sum of a histogram's values.
        bounds: a histogram's upper bounds, each inclusive; else None.
        buckets: a histogram's values up to each bound but above the one before; then those above all.
    """

    model_config = ConfigDict(frozen=True)

    metric: str
    labels: dict[str, str]
    value: float
    bounds: list[float] | None
    buckets: list[int] | None
