"""Filters of the lists and parameters of the reports."""

from typing import Any

from django.db.models import F, Q, QuerySet
from django_filters import (
    CharFilter,
    ChoiceFilter,
    DateFilter,
    FilterSet,
    UUIDFilter,
)

from accounting.models import AccountType, SeriesKind
from core.api.filters import TruthFilter, day_filter

STATUSES = {
    "draft": Q(state="draft"),
    "reversed": Q(state="reversed"),
    "posted": Q(state="posted", allocated=0) & ~Q(total=0),
    "part_paid": Q(state="posted", allocated__gt=0, allocated__lt=F("total")),
    "paid": Q(state="posted", allocated=F("total")),
    "open": Q(state="posted", allocated__lt=F("total")),
}


def day(lookup: str, field: str, label: str = "", **extra: Any) -> DateFilter:
    return day_filter(field_name=field, lookup_expr=lookup, label=label, **extra)


class DocumentFilter(FilterSet):
    contact_id = UUIDFilter(field_name="contact")
    corrects_id = UUIDFilter(field_name="corrects")
    issued_from = day("gte", "issued_on")
    issued_until = day("lte", "issued_on")
    due_until = day("lte", "due_on")
    number = CharFilter(field_name="number", max_length=60)
    reference = CharFilter(field_name="reference", max_length=100)
    status = ChoiceFilter(
        choices=[(name, name) for name in STATUSES],
        method="by_status",
        label="`open`: posted with something outstanding.",
    )

    def by_status(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return queryset.filter(STATUSES[value])


class JournalFilter(FilterSet):
    effective_from = day("gte", "effective_on")
    effective_until = day("lte", "effective_on")
    state = ChoiceFilter(choices=[("draft", "draft"), ("posted", "posted")])
    number = CharFilter(field_name="number", max_length=60)
    reference = CharFilter(field_name="reference", max_length=100)


class PaymentFilter(FilterSet):
    kind = ChoiceFilter(choices=[("receipt", "receipt"), ("disbursement", "disbursement")])
    state = ChoiceFilter(choices=[(s, s) for s in ("draft", "posted", "reversed")])
    contact_id = UUIDFilter(field_name="contact")
    paid_from = day("gte", "paid_on")
    paid_until = day("lte", "paid_on")


class AllocationFilter(FilterSet):
    document_id = UUIDFilter(field_name="document")
    payment_id = UUIDFilter(field_name="payment")
    credit_id = UUIDFilter(field_name="credit")


class AccountFilter(FilterSet):
    type = ChoiceFilter(choices=AccountType.choices)
    role = CharFilter(field_name="role", max_length=20)
    code = CharFilter(field_name="code", max_length=40)
    parent_id = UUIDFilter(field_name="parent")
    is_active = TruthFilter(field_name="is_active")


class TaxFilter(FilterSet):
    code = CharFilter(field_name="code", max_length=40)
    is_active = TruthFilter(field_name="is_active")


class ContactFilter(FilterSet):
    name = CharFilter(field_name="name", lookup_expr="istartswith", max_length=200)
    reference = CharFilter(field_name="reference", max_length=100)
    is_customer = TruthFilter(field_name="is_customer")
    is_supplier = TruthFilter(field_name="is_supplier")
    is_active = TruthFilter(field_name="is_active")


class SeriesFilter(FilterSet):
    kind = ChoiceFilter(choices=SeriesKind.choices)


class AsOfFilter(FilterSet):
    """Not a filter of rows: the parameters of a report."""

    as_of = day("lte", "effective_on", "The last day of the report; today by default.")


class LedgerFilter(AsOfFilter):
    account_id = UUIDFilter(field_name="account", required=True)
    starts_on = day("gte", "effective_on", "The first day shown.")
