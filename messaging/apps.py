from django.apps import AppConfig


class MessagingConfig(AppConfig):
    name = "messaging"

    def ready(self) -> None:
        from permissions import catalog

        catalog.declare(
            "messaging",
            {
                "threads": ["view", "create", "update"],
                "messages": ["view", "create", "update", "delete"],
                "settings": ["view", "update"],
            },
        )
