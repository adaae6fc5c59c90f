from django.apps import AppConfig


class ActivityConfig(AppConfig):
    name = "activity"

    def ready(self) -> None:
        from activity.events import UsageQuotaReached
        from activity.privacy import PERSONS, RETENTION
        from activity.services.erased import month_unlink
        from core.events.catalogue import declare_events
        from core.partitions import registry
        from core.privacy import register
        from permissions import catalog

        registry.declare(
            registry.Family(
                "activity", tables=("activity_usageevent",), months_kept=6, forget=month_unlink
            )
        )
        catalog.declare(
            "activity",
            {
                # Who did what, one by one; everybody may tell of himself without a code.
                "events": ["view"],
                "summary": ["view"],
                "quotas": ["view"],
            },
            platform={"quotas": ["update"]},
        )
        declare_events(UsageQuotaReached)
        register.declare_persons(*PERSONS)
        register.declare_retention(*RETENTION)
