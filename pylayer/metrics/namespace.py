"""`client.metrics`: the totals of the database."""

from __future__ import annotations

from pylayer.calls import Namespace, Plan, R, call, operation, rows
from pylayer.metrics.models import MetricTotal

__all__ = ["Metrics"]


class Metrics(Namespace[R]):
    """Totals for monitoring; they never go back, whatever retention drops."""

    @operation
    def totals(self) -> Plan[list[MetricTotal]]:
        """Return every series; the cost does not grow with history.

        They are as new as the last refresh of the rollups, which `pylayer maintain` does.

        Example:
            >>> [t.value for t in client.metrics.totals() if t.metric == "workflow_run_failure_total"]
            [0.0]
        """
        return (yield from call("telemetry.metric_totals", {}, rows(MetricTotal), repeatable=True))
