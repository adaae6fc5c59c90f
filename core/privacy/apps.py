from django.apps import AppConfig


class PrivacyConfig(AppConfig):
    name = "core.privacy"
    label = "privacy"

    def ready(self) -> None:
        from core.privacy import platform, register

        register.declare_persons(*platform.PERSONS)
        register.declare_retention(*platform.RETENTION)
