from django.apps import AppConfig


class OpsConfig(AppConfig):
    name = "core.ops"
    label = "ops"

    def ready(self) -> None:
        from prometheus_client import REGISTRY

        from core.ops.monitoring.metrics import LocksCollector

        REGISTRY.register(LocksCollector())
