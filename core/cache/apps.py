from django.apps import AppConfig


class CacheConfig(AppConfig):
    name = "core.cache"
    label = "cache"

    def ready(self) -> None:
        from prometheus_client import REGISTRY

        from core.cache.metrics import CacheCollector

        REGISTRY.register(CacheCollector())
