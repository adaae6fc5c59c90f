from django.apps import AppConfig


class CacheConfig(AppConfig):
    name = "core.cache"
    label = "cache"
