"""The cache's counters for Prometheus: of all processes of the machine together."""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from core.cache.runtime import runtime


class CacheCollector(Collector):
    def collect(self) -> Iterator[Metric]:
        events = CounterMetricFamily(
            "erp_cache_events",
            "What happened in each cache namespace.",
            labels=("namespace", "event"),
        )
        for name, counts in runtime().board.counters.totals().items():
            for count, value in counts.items():
                events.add_metric((name, count.name.lower()), value)
        yield events
        yield GaugeMetricFamily(
            "erp_cache_away", "1 while Redis does not answer this process.", runtime().is_away
        )

    def describe(self) -> Iterator[Metric]:
        """Nothing: asked before there is a board, which needs the settings."""
        return iter(())
