from django.apps import AppConfig


class JobsConfig(AppConfig):
    name = "core.jobs"
    label = "jobs"

    def ready(self) -> None:
        from prometheus_client import REGISTRY

        from core.jobs.metrics import JobsCollector

        REGISTRY.register(JobsCollector())
