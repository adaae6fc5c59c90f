"""Gauges of waiting sessions for Prometheus; none where monitoring has no connection."""

from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from core.ops.monitoring.selectors import MonitoringUnavailable, is_configured, lock_waits


class LocksCollector(Collector):
    def collect(self) -> Iterator[Metric]:
        if not is_configured():
            return
        try:
            waiting, seconds = lock_waits()
        except MonitoringUnavailable:
            return  # the other metrics are still worth their scrape
        yield GaugeMetricFamily(
            "erp_database_lock_waits", "Sessions that wait for a lock.", waiting
        )
        yield GaugeMetricFamily(
            "erp_database_lock_wait_seconds", "How long the longest of them waits.", seconds
        )

    def describe(self) -> Iterator[Metric]:
        """Nothing: asked when the process starts, before there is a connection."""
        return iter(())
