"""Gauges of partitions for Prometheus, from the catalogue at each scrape."""

from collections.abc import Iterator
from datetime import UTC, datetime

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from core.partitions.selectors import months_ahead, partitions_by_table


class PartitionsCollector(Collector):
    def collect(self) -> Iterator[Metric]:
        ahead = _gauge("months_ahead", "Months after this one that have a partition.")
        count = _gauge("count", "Partitions that there are.")
        size = _gauge("bytes", "Size of all partitions with their indexes.")
        rows = _gauge("rows", "Rows, as the planner estimates them.")
        now = datetime.now(UTC)
        for table, partitions in partitions_by_table().items():
            ahead.add_metric((table,), months_ahead(partitions, now))
            count.add_metric((table,), len(partitions))
            size.add_metric((table,), sum(partition.bytes for partition in partitions))
            rows.add_metric((table,), sum(partition.rows_estimated for partition in partitions))
        yield from (ahead, count, size, rows)

    def describe(self) -> Iterator[Metric]:
        """Nothing: asked when the process starts, before there is a connection."""
        return iter(())


def _gauge(name: str, help_text: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"erp_partitions_{name}", help_text, labels=("table",))
