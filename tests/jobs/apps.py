from django.apps import AppConfig


class KindsConfig(AppConfig):
    name = "tests.jobs"
    label = "tests_jobs"

    def ready(self) -> None:
        from tests.jobs import kinds  # noqa: F401  declares them
