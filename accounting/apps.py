"""What the books declare of themselves when the system starts."""

from django.apps import AppConfig


class AccountingConfig(AppConfig):
    name = "accounting"

    def ready(self) -> None:
        from accounting import events
        from accounting.duties import DUTIES
        from accounting.printing.papers import mail_kinds
        from accounting.privacy import PERSONS, RETENTION
        from accounting.refusals import REFUSALS
        from accounting.services.papers import PRINT, SEND
        from core import refusals
        from core.events.catalogue import declare_events
        from core.jobs import registry
        from core.mail import kinds
        from core.privacy import register
        from permissions import catalog

        write = ["view", "create", "update"]
        paper = ["print", "send"]
        document = ["view", "create", "update", "delete", "post", "reverse", "credit", *paper]
        catalog.declare(
            "accounting",
            {
                "accounts": write,
                "taxes": write,
                "contacts": [*write, *paper],
                "settings": ["view", "update"],
                "letterhead": ["view", "update"],
                "series": ["view"],
                "journals": ["view", "create", "update", "delete", "post", "reverse"],
                "invoices": document,
                "bills": [action for action in document if action != "send"],
                "credit-notes": document,
                "debit-notes": document,
                "payments": ["view", "create", "update", "delete", "post", "reverse", *paper],
                "allocations": ["view", "create", "reverse"],
                "reports": ["view"],
            },
        )
        for task, handler in ((PRINT, "paper_print_task"), (SEND, "paper_send_task")):
            path = f"accounting.tasks.{handler}"
            registry.declare(
                registry.JobType(task, path, is_external=True, soft_seconds=120, hard_seconds=150)
            )
        kinds.declare(*mail_kinds())
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
