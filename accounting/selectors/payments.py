"""Reads of payments and allocations."""

from uuid import UUID

from django.db.models import F

from accounting.models import Allocation, Payment
from core.errors import NotFound
from core.listing import Order, Page, PageRequest, page_of
from core.tenancy.context import Context
from core.tenancy.transactions import query

HEADER = (
    "id", "kind", "state", "number", "contact_id", "account_id", "paid_on", "currency", "amount",
    "allocated", "reference", "narration", "created_at", "posted_at", "version",
)  # fmt: skip
ALLOCATION = (
    "id", "document_id", "payment_id", "credit_id", "effective_on", "amount", "reverses_id",
    "created_at",
)  # fmt: skip
PAYMENTS = Order("payments", ("paid_on", "id"))
ALLOCATIONS = Order("allocations", ("effective_on", "id"))


@query
def payment_get(ctx: Context, *, payment_id: UUID) -> Payment:
    payment: Payment | None = (
        Payment.objects.select_related("contact").filter(pk=payment_id).first()
    )
    if payment is None:
        raise NotFound
    return payment


@query
def payment_list(ctx: Context, *, page: PageRequest) -> Page:
    """Payments with the contact's name, newest first."""
    rows = page.narrow(Payment.objects.all()).values(*HEADER, contact_name=F("contact__name"))
    return page_of(ctx, rows, PAYMENTS, page)


@query
def allocation_list(ctx: Context, *, page: PageRequest) -> Page:
    return page_of(
        ctx, page.narrow(Allocation.objects.all()).values(*ALLOCATION), ALLOCATIONS, page
    )


@query
def allocation_get(ctx: Context, *, allocation_id: UUID) -> Allocation:
    allocation: Allocation | None = Allocation.objects.filter(pk=allocation_id).first()
    if allocation is None:
        raise NotFound
    return allocation
