from django.apps import AppConfig


class PartitionsConfig(AppConfig):
    name = "core.partitions"
    label = "partitions"

    def ready(self) -> None:
        from prometheus_client import REGISTRY

        from core.partitions.metrics import PartitionsCollector

        REGISTRY.register(PartitionsCollector())
