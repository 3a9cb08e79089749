"""Prometheus' text format, by prometheus_client (extra ``server``)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate
from typing import TypeAlias

from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from pylayer.emitter import lifecycle
from pylayer.metrics.calls import BOUNDS_SECONDS, call_times
from pylayer.metrics.families import DATABASE, Family
from pylayer.metrics.models import MetricTotal
from pylayer.metrics.pools import pool_stats

__all__ = ["CONTENT_TYPE", "ClientCollector", "DatabaseCollector", "exposition"]

Scalar: TypeAlias = CounterMetricFamily | GaugeMetricFamily

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
_MS = 0.001
# Statistics of psycopg's pools and of emitters: metric, kind, factor to its unit, help.
_POOL: dict[str, tuple[str, Family, float]] = {
    "pool_size": ("connections", Family("gauge", "Connections that the pool has."), 1),
    "pool_max": ("connections_max", Family("gauge", "Most connections that it may have."), 1),
    "pool_available": ("connections_available", Family("gauge", "Connections that nobody uses."), 1),
    "requests_waiting": ("requests_waiting", Family("gauge", "Requests that wait for a connection."), 1),
    "requests_num": ("requests_total", Family("counter", "Requests for a connection."), 1),
    "requests_queued": ("requests_queued_total", Family("counter", "Requests that had to wait."), 1),
    "requests_wait_ms": ("requests_wait_seconds_total", Family("counter", "Time that they waited."), _MS),
    "requests_errors": ("requests_errors_total", Family("counter", "Requests that got no connection."), 1),
    "usage_ms": ("usage_seconds_total", Family("counter", "Time that connections were in use."), _MS),
    "returns_bad": ("returns_bad_total", Family("counter", "Connections that came back broken."), 1),
    "connections_num": ("connects_total", Family("counter", "Attempts to connect."), 1),
    "connections_ms": ("connects_seconds_total", Family("counter", "Time that they took."), _MS),
    "connections_errors": ("connects_errors_total", Family("counter", "Attempts that failed."), 1),
    "connections_lost": ("connections_lost_total", Family("counter", "Connections found dead."), 1),
}
_EMITTER: dict[str, tuple[str, Family]] = {
    "emitted": ("events_emitted_total", Family("counter", "Events that emit() accepted.")),
    "adopted": ("events_adopted_total", Family("counter", "Events taken over from ended processes.")),
    "delivered": ("events_delivered_total", Family("counter", "Events that are stored.")),
    "duplicates": ("events_duplicate_total", Family("counter", "Delivered events that were stored before.")),
    "conflicts": ("events_conflict_total", Family("counter", "Events whose id had other content.")),
    "refused": ("events_refused_total", Family("counter", "Events in the dead letters.")),
    "dropped": ("events_dropped_total", Family("counter", "Events not accepted.")),
    "retries": ("retries_total", Family("counter", "Sends that failed and were made again.")),
    "pending": ("events_pending", Family("gauge", "Events that wait for delivery.")),
    "spool_bytes": ("spool_bytes", Family("gauge", "Their size.")),
}


class DatabaseCollector(Collector):
    """The totals of the database, for a registry of prometheus_client.

    Args:
        totals: called once a scrape.

    Example:
        >>> registry = CollectorRegistry()
        >>> registry.register(DatabaseCollector(client.metrics.totals))
        >>> registry.get_sample_value("workflow_run_success_total")
        0.0
    """

    def __init__(self, totals: Callable[[], Iterable[MetricTotal]]) -> None:
        self._totals = totals

    def describe(self) -> Iterator[Metric]:
        """Yield every metric without a series, so that registering calls nothing."""
        yield from _empty().values()

    def collect(self) -> Iterator[Metric]:
        """Yield every metric."""
        families = _empty()
        for total in self._totals():
            labels = [total.labels[name] for name in DATABASE[total.metric].labels]
            _add(families[total.metric], labels, total)
        yield from families.values()


class ClientCollector(Collector):
    """This process's calls of stored functions, its pools and its emitters."""

    def describe(self) -> Iterator[Metric]:
        """Yield nothing: the names are its own."""
        yield from ()

    def collect(self) -> Iterator[Metric]:
        """Yield every metric."""
        yield _calls()
        yield from _pools()
        stats = lifecycle.stats()
        for field, (name, family) in _EMITTER.items():
            metric = _scalar(f"pylayer_emitter_{name}", family)
            metric.add_metric([], getattr(stats, field))
            yield metric


def exposition(totals: Sequence[MetricTotal]) -> bytes:
    """Return all metrics of the database and of this process as `CONTENT_TYPE`."""
    registry = CollectorRegistry()
    registry.register(DatabaseCollector(lambda: totals))
    registry.register(ClientCollector())
    ProcessCollector(registry=registry)
    return generate_latest(registry)


def _empty() -> dict[str, Scalar | HistogramMetricFamily]:
    return {
        name: HistogramMetricFamily(name, family.help, labels=family.labels)
        if family.kind == "histogram"
        else _scalar(name, family)
        for name, family in DATABASE.items()
    }


def _scalar(name: str, family: Family) -> Scalar:
    kind = CounterMetricFamily if family.kind == "counter" else GaugeMetricFamily
    return kind(name, family.help, labels=family.labels)


def _add(metric: Scalar | HistogramMetricFamily, labels: list[str], total: MetricTotal) -> None:
    if isinstance(metric, HistogramMetricFamily):
        metric.add_metric(labels, _cumulative(total.bounds or (), total.buckets or ()), total.value)
    else:
        metric.add_metric(labels, total.value)


def _cumulative(bounds: Sequence[float], buckets: Sequence[int]) -> list[tuple[str, float]]:
    named = [*(str(float(bound)) for bound in bounds), "+Inf"]
    return list(zip(named, accumulate(buckets), strict=True))


def _calls() -> Metric:
    metric = HistogramMetricFamily(
        "pylayer_call_duration_seconds",
        "Calls of stored functions; outcome is ok, the SQLSTATE, or the kind of error.",
        labels=("function", "outcome"),
    )
    for (function, outcome), times in call_times().items():
        metric.add_metric([function, outcome], _cumulative(BOUNDS_SECONDS, times.buckets), times.seconds)
    return metric


def _pools() -> Iterator[Metric]:
    found = pool_stats()
    for field, (name, family, factor) in _POOL.items():
        metric = _scalar(f"pylayer_pool_{name}", Family(family.kind, family.help, ("pool",)))
        for pool, stats in found.items():
            metric.add_metric([pool], stats.get(field, 0) * factor)
        yield metric
