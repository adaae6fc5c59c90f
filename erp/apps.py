from django.contrib.admin.apps import AdminConfig


class StaffConsoleConfig(AdminConfig):
    """Django's admin, with our site as the one that apps register with."""

    default_site = "erp.admin.StaffConsole"

    def ready(self) -> None:
        super().ready()
        from erp.records import RECORDS
        from messaging import records
        from permissions import catalog

        platform = {
            "cache": ["view", "drop"],
            "database": ["view", "reset"],
            "partitions": ["view"],
            "retention": ["view"],
            "schedule": ["view"],
        }
        catalog.declare("system", {}, platform=platform)
        catalog.declare("audit", {"log": ["view"]}, platform={"platform": ["view"]})
        catalog.declare("exports", {"exports": ["view"]})
        mail = {
            "mails": ["view", "send"],
            "settings": ["view", "update"],
            "templates": ["view", "create", "update", "delete"],
        }
        catalog.declare("mail", mail)
        catalog.declare("jobs", {"jobs": ["view", "cancel", "replay"]})
        catalog.declare("events", {"events": ["view"]})
        webhooks = ["view", "create", "update", "delete"]
        catalog.declare("webhooks", {"endpoints": webhooks, "deliveries": ["view", "replay"]})
        records.register(*RECORDS)
