"""A kind of job for the benchmarks: nothing but what every job costs."""

from typing import Any

from django.apps import AppConfig

NOTHING = "bench.nothing"


def nothing(*_: Any, **__: Any) -> None:
    """No work at all."""


class KindsConfig(AppConfig):
    name = "bench"
    label = "bench"

    def ready(self) -> None:
        from core.jobs.registry import JobType, declare

        declare(JobType(NOTHING, "bench.kinds.nothing"))
