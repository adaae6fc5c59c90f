from django.apps import AppConfig


class MailConfig(AppConfig):
    name = "core.mail"
    label = "mail"

    def ready(self) -> None:
        from core import refusals
        from core.errors import Conflict
        from core.jobs import registry
        from core.mail.services import DELIVER

        registry.declare(
            registry.JobType(
                DELIVER,
                "core.mail.tasks.mail_deliver_task",
                is_external=True,
                soft_seconds=30,
                hard_seconds=45,
            )
        )
        refusals.register(
            {
                "mail_settings_once": lambda: Conflict("Somebody wrote the settings just now."),
                "mail_template_once": lambda: Conflict(
                    "There is a template of this kind and language."
                ),
            }
        )
