from django.apps import AppConfig


class AccountingConfig(AppConfig):
    name = "accounting"

    def ready(self) -> None:
        from accounting.duties import DUTIES
        from accounting.privacy import PERSONS, RETENTION
        from accounting.refusals import REFUSALS
        from core import refusals
        from core.privacy import register
        from permissions import catalog

        write = ["view", "create", "update"]
        document = ["view", "create", "update", "delete", "post", "reverse", "credit"]
        catalog.declare(
            "accounting",
            {
                "accounts": write,
                "taxes": write,
                "contacts": write,
                "settings": ["view", "update"],
                "letterhead": ["view", "update"],
                "series": ["view"],
                "journals": ["view", "create", "update", "delete", "post", "reverse"],
                "invoices": document,
                "bills": document,
                "credit-notes": document,
                "debit-notes": document,
                "payments": ["view", "create", "update", "delete", "post", "reverse"],
                "allocations": ["view", "create", "reverse"],
                "reports": ["view"],
            },
        )
        catalog.declare("privacy", {"contacts": ["view", "erase"]})
        catalog.declare_duties(*DUTIES)
        register.declare_persons(*PERSONS)
        register.declare_retention(*RETENTION)
        refusals.register(REFUSALS)
