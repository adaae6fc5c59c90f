from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "core.api"
    label = "api"

    def ready(self) -> None:
        from core import refusals
        from core.api.idempotency import IdempotencyInProgress

        refusals.register({"api_idempotency_scope": IdempotencyInProgress})
