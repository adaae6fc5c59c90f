from django.apps import AppConfig


class WebhooksConfig(AppConfig):
    name = "core.webhooks"
    label = "webhooks"

    def ready(self) -> None:
        from prometheus_client import REGISTRY

        from core.events.catalogue import declare_events
        from core.jobs import purge
        from core.privacy import register
        from core.privacy.register import Retention
        from core.webhooks.events import WebhookDisabled
        from core.webhooks.metrics import WebhooksCollector
        from core.webhooks.selectors import walked
        from core.webhooks.services.deliveries import KEPT

        declare_events(WebhookDisabled)
        purge.declare_reader(walked)
        register.declare_retention(
            Retention("webhooks_webhookendpoint", "until the company deletes it"),
            Retention(
                "webhooks_webhookdelivery",
                f"{KEPT.days} days since it was first, or again, to be sent",
                "purge deliveries of webhooks",
            ),
            Retention("webhooks_webhookline", "as long as its endpoint", dated_by=""),
        )
        REGISTRY.register(WebhooksCollector())
