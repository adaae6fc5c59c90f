from django.apps import AppConfig


class PermissionsConfig(AppConfig):
    name = "permissions"

    def ready(self) -> None:
        from permissions import catalog

        catalog.declare("permissions", {"users": ["view"], "roles": ["view"]})
