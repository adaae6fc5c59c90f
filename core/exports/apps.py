from django.apps import AppConfig


class ExportsConfig(AppConfig):
    name = "core.exports"
    label = "exports"

    def ready(self) -> None:
        from core.exports.services import EXPORT
        from core.jobs import registry

        registry.declare(
            registry.JobType(
                EXPORT,
                "core.exports.tasks.export_task",
                is_external=True,
                soft_seconds=240,
                hard_seconds=270,
            )
        )
