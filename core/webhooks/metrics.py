"""Webhooks for Prometheus, from the tables at each scrape. Attempts are among those of jobs."""

from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from core.webhooks.selectors import standing


class WebhooksCollector(Collector):
    def collect(self) -> Iterator[Metric]:
        now = standing()
        endpoints = GaugeMetricFamily(
            "erp_webhook_endpoints", "Endpoints of all companies by how they fare.", labels=("is",)
        )
        for state in ("healthy", "failing", "disabled"):
            endpoints.add_metric((state,), getattr(now, state))
        yield endpoints
        yield GaugeMetricFamily(
            "erp_webhook_oldest_seconds",
            "Since when the endpoint that is due longest waits for its turn.",
            value=now.oldest_seconds,
        )
        yield GaugeMetricFamily(
            "erp_webhook_behind",
            "Events that the slowest endpoint's deliveries have not been made of.",
            value=now.behind,
        )

    def describe(self) -> Iterator[Metric]:
        """Nothing: asked when the process starts, before there is a connection."""
        return iter(())
