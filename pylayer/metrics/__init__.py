"""Metrics: totals of the database, of this process's calls, pools and emitters; for Prometheus and InfluxDB.

Prometheus' format needs the extra ``server``: see `pylayer.metrics.exposition`.
"""

from pylayer.metrics.calls import CallTimes, call_times, timed
from pylayer.metrics.families import DATABASE, Family
from pylayer.metrics.influx import lines_of, post_lines
from pylayer.metrics.models import MetricTotal
from pylayer.metrics.namespace import Metrics
from pylayer.metrics.pools import pool_stats, watch_pool

__all__ = [
    "DATABASE",
    "CallTimes",
    "Family",
    "MetricTotal",
    "Metrics",
    "call_times",
    "lines_of",
    "pool_stats",
    "post_lines",
    "timed",
    "watch_pool",
]
