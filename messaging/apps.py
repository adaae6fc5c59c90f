from django.apps import AppConfig


class MessagingConfig(AppConfig):
    name = "messaging"

    def ready(self) -> None:
        from django.db.models import CharField

        from core import refusals
        from core.partitions import registry
        from core.privacy import register
        from messaging.lookups import Holds
        from messaging.privacy import PERSONS, RETENTION
        from messaging.refusals import REFUSALS
        from messaging.services.settings import month_forget
        from permissions import catalog

        registry.declare(
            registry.Family(
                "messaging",
                tables=(
                    "messaging_messagereaction",
                    "messaging_messageread",
                    "messaging_mention",
                    "messaging_messagerevision",
                    "messaging_message",
                ),
                forget=month_forget,
            )
        )

        catalog.declare(
            "messaging",
            {
                "threads": ["view", "create", "update"],
                "messages": ["view", "create", "update", "delete"],
                "settings": ["view", "update"],
                # Of everybody's threads: reading them without taking part, and closing them.
                "conversations": ["view", "update"],
            },
        )
        refusals.register(REFUSALS)
        register.declare_persons(*PERSONS)
        register.declare_retention(*RETENTION)
        CharField.register_lookup(Holds)
