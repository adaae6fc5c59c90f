from django.apps import AppConfig


class AccountingConfig(AppConfig):
    name = "accounting"

    def ready(self) -> None:
        from accounting import events
        from accounting.duties import DUTIES
        from accounting.privacy import PERSONS, RETENTION
        from accounting.refusals import REFUSALS
        from core import refusals
        from core.events.catalogue import declare_events
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
        declare_events(
            events.DocumentPosted,
            events.DocumentReversed,
            events.JournalPosted,
            events.PaymentPosted,
            events.PaymentReversed,
            events.AllocationMade,
            events.AllocationUndone,
            events.ReferenceDataChanged,
        )
        register.declare_persons(*PERSONS)
        register.declare_retention(*RETENTION)
        refusals.register(REFUSALS)
