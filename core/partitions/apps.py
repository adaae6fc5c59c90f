from django.apps import AppConfig


class PartitionsConfig(AppConfig):
    name = "core.partitions"
    label = "partitions"
