"""Jobs and the schedule for Prometheus, from the tables at each scrape."""

from collections.abc import Iterator
from datetime import UTC, datetime

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from core.jobs import schedule, tallies
from core.jobs.selectors import lines


class JobsCollector(Collector):
    def collect(self) -> Iterator[Metric]:
        yield from _lines()
        yield from _tallies()
        yield from _schedule()

    def describe(self) -> Iterator[Metric]:
        """Nothing: asked when the process starts, before there is a connection."""
        return iter(())


def _lines() -> Iterator[Metric]:
    depth = GaugeMetricFamily(
        "erp_jobs", "Jobs that have not ended: ready, for later, running.", labels=("queue", "is")
    )
    oldest = GaugeMetricFamily(
        "erp_jobs_oldest_seconds", "Since when the oldest ready job waits.", labels=("queue",)
    )
    for line in lines():
        depth.add_metric((line.queue, "ready"), line.ready)
        depth.add_metric((line.queue, "later"), line.later)
        depth.add_metric((line.queue, "running"), line.running)
        oldest.add_metric((line.queue,), line.oldest_seconds)
    yield from (depth, oldest)


def _tallies() -> Iterator[Metric]:
    labels = ("task", "outcome")
    count = CounterMetricFamily("erp_job_attempts", "Attempts by how they ended.", labels=labels)
    seconds = CounterMetricFamily("erp_job_seconds", "How long they took together.", labels=labels)
    for tally in tallies.totals():
        count.add_metric((tally.task, tally.outcome), tally.count)
        seconds.add_metric((tally.task, tally.outcome), tally.seconds)
    yield from (count, seconds)


def _schedule() -> Iterator[Metric]:
    labels = ("task",)
    late = GaugeMetricFamily(
        "erp_schedule_late_seconds", "How late the next run is; 0 in time.", labels=labels
    )
    took = GaugeMetricFamily("erp_schedule_seconds", "How long the last run took.", labels=labels)
    failed = CounterMetricFamily("erp_schedule_failed", "Runs that failed.", labels=labels)
    missed = CounterMetricFamily("erp_schedule_missed", "Runs that did not come.", labels=labels)
    now = datetime.now(UTC)
    for task, run in schedule.runs().items():
        late.add_metric((task,), max(0.0, (now - schedule.next_due(task, run)).total_seconds()))
        took.add_metric((task,), run.seconds or 0.0)
        failed.add_metric((task,), run.failed)
        missed.add_metric((task,), run.missed)
    yield from (late, took, failed, missed)
