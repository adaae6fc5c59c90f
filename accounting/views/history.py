"""`history/` of each resource of the books."""

from uuid import UUID

from accounting.models import (
    Account,
    Allocation,
    CompanySettings,
    Contact,
    Document,
    Journal,
    Letterhead,
    Payment,
    Series,
    Tax,
)
from accounting.selectors.documents import document_get
from accounting.selectors.journals import journal_get
from accounting.selectors.papers import letterhead_get
from accounting.selectors.payments import allocation_get, payment_get
from accounting.selectors.reference import reference_get, settings_get
from core.audit.views import LookingView, history_view
from core.tenancy.context import Context
from core.tenancy.models import TenantModel


def reference_history(noun: str, model: type[TenantModel]) -> type[LookingView]:
    def find(ctx: Context, key: UUID) -> TenantModel:
        return reference_get(ctx, model=model, record_id=key)

    return history_view(f"accounting.{noun}.view", model, find)


def document_history(noun: str, kind: str) -> type[LookingView]:
    def find(ctx: Context, key: UUID) -> dict[str, object]:
        return document_get(ctx, kind=kind, document_id=key).row

    return history_view(f"accounting.{noun}.view", Document, find)


AccountHistoryView = reference_history("accounts", Account)
TaxHistoryView = reference_history("taxes", Tax)
ContactHistoryView = reference_history("contacts", Contact)
SeriesHistoryView = reference_history("series", Series)
SettingsHistoryView = history_view("accounting.settings.view", CompanySettings, settings_get)
LetterheadHistoryView = history_view("accounting.letterhead.view", Letterhead, letterhead_get)
JournalHistoryView = history_view(
    "accounting.journals.view", Journal, lambda ctx, key: journal_get(ctx, journal_id=key)
)
PaymentHistoryView = history_view(
    "accounting.payments.view", Payment, lambda ctx, key: payment_get(ctx, payment_id=key)
)
AllocationHistoryView = history_view(
    "accounting.allocations.view",
    Allocation,
    lambda ctx, key: allocation_get(ctx, allocation_id=key),
)
