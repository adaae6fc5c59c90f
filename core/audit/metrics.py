"""How far the log is proven, for Prometheus, at each scrape."""

from collections.abc import Iterator
from datetime import UTC, datetime

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from core.audit.chain import sealed_until


class AuditCollector(Collector):
    def collect(self) -> Iterator[Metric]:
        until = sealed_until()
        if until is not None:
            yield GaugeMetricFamily(
                "erp_audit_sealed_seconds",
                "Age of the moment up to which the log is sealed, or will be by the next run.",
                value=(datetime.now(UTC) - until).total_seconds(),
            )

    def describe(self) -> Iterator[Metric]:
        """Nothing: asked when the process starts, before there is a connection."""
        return iter(())
