"""The demo: two companies out of real data, and people who may look at them.

Loading again adds what is missing and changes nothing else, so it runs at every
start. Passwords are public on purpose; a demo belongs on a machine of one's own.
"""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import ROUND_DOWN, Decimal
from pathlib import Path

from accounting.models import Allocation, Document, DocumentKind, Payment, PaymentKind
from accounting.services.allocations import AllocationInput, allocation_create
from accounting.services.companies import CompanyInput, company_open
from accounting.services.imports.demo_papers import demo_papers_ensure
from accounting.services.imports.invoices import invoices_import
from accounting.services.imports.journals import LedgerFile, journals_import
from accounting.services.imports.retail import WALK_IN
from accounting.services.imports.sources import Row, Source
from accounting.services.payments import PaymentInput, payment_create
from core.tenancy.context import Context
from core.tenancy.transactions import command
from core.webhooks.services.endpoints import EndpointInput, webhook_create, webhook_update
from permissions.models import Membership, User
from permissions.services.tenants import member_add, user_create

DATA = Path(__file__).resolve().parents[3] / "demo"
RETAIL, HACK_CLUB = DATA / "online-retail" / "lines.csv", DATA / "hack-club" / "postings.csv"
#: Nobody reads what the slices leave out; their README says it.
NO_REPORT = Path(os.devnull)
WEBHOOK = EndpointInput(
    "https://hooks.example.com/books",
    "An example, switched off: see docs/webhooks.md",
    ("document.posted", "payment.posted"),
)
PENNY = Decimal("0.01")
PAID_AFTER_DAYS = 21


@dataclass(frozen=True, slots=True)
class DemoUser:
    email: str
    name: str
    password: str
    is_staff: bool = False
    is_platform_admin: bool = False


@dataclass(frozen=True, slots=True)
class DemoCompany:
    """A company; the first of its `members`, pairs of e-mail and role, is its owner."""

    slug: str
    name: str
    currency: str
    members: tuple[tuple[str, str], ...]


USERS = (
    DemoUser("alice@example.com", "Alice Alder", "alder-finch-demo-1"),
    DemoUser("bob@example.com", "Bob Finch", "alder-finch-demo-2"),
    DemoUser("charlie@example.com", "Charlie Wood", "hack-club-demo-1"),
    DemoUser(
        "sam@example.com", "Sam Reed", "back-office-demo-1", is_staff=True, is_platform_admin=True
    ),
)
COMPANIES = (
    DemoCompany(
        "alder-finch",
        "Alder & Finch Gifts Ltd",
        "GBP",
        (
            ("alice@example.com", "owner"),
            ("bob@example.com", "viewer"),
            ("sam@example.com", "owner"),
        ),
    ),
    DemoCompany(
        "hack-club",
        "Hack Club (demo books)",
        "USD",
        (("charlie@example.com", "owner"), ("sam@example.com", "owner")),
    ),
)


def demo_users_ensure(users: Iterable[DemoUser] = USERS) -> dict[str, User]:
    """The users by e-mail, those that are missing made. Users are global."""
    found = {user.email: user for user in User.objects.filter(email__in=[u.email for u in users])}
    for user in users:
        if user.email not in found:
            found[user.email] = user_create(
                email=user.email,
                password=user.password,
                name=user.name,
                is_staff=user.is_staff,
                is_platform_admin=user.is_platform_admin,
            )
    return found


def demo_company_ensure(
    ctx: Context, *, company: DemoCompany, users: dict[str, User], is_new: bool
) -> None:
    """Open the company in the context's tenant if `is_new`, and load what it lacks."""
    if is_new:
        owner = users[company.members[0][0]]
        opened = CompanyInput(company.slug, company.name, company.currency)
        company_open(ctx, company=opened, owner_id=owner.pk)
        demo_webhook_make(ctx)
    for email, role in company.members:
        if not Membership.objects.filter(tenant=ctx.tenant_id, user=users[email]).exists():
            member_add(ctx, user_id=users[email].pk, role=role)
    if company.currency == "GBP":
        invoices_import(ctx, path=RETAIL, report_path=NO_REPORT)
        demo_settle(ctx, references=_references(RETAIL))
    else:
        ledger = LedgerFile(HACK_CLUB, company.slug)
        journals_import(ctx, ledger=ledger, report_path=NO_REPORT)
    demo_papers_ensure(ctx, slug=company.slug)


@command
def demo_webhook_make(ctx: Context) -> None:
    """One to look at, switched off: nobody listens there, and a demo calls nobody."""
    endpoint_id, _ = webhook_create(ctx, endpoint=WEBHOOK)
    webhook_update(ctx, endpoint_id=endpoint_id, values={"is_enabled": False})


@command
def demo_settle(ctx: Context, *, references: frozenset[str]) -> None:
    """Receipts for these invoices, so that some are paid, some part-paid, some open.

    Which is which follows from the invoice's number. Credit notes settle what
    the same customer still owes. What has a receipt or an allocation stays.
    """
    invoices = _documents(DocumentKind.INVOICE, references)
    receipts = frozenset(
        Payment.objects.filter(kind=PaymentKind.RECEIPT).values_list("reference", flat=True)
    )
    for invoice in invoices:
        payment = _receipt(invoice)
        if payment and payment.reference not in receipts and not invoice.allocated:
            payment_create(ctx, payment=payment, post=True)
    used = frozenset(Allocation.objects.filter(payment=None).values_list("credit_id", flat=True))
    for credit in _documents(DocumentKind.CREDIT_NOTE, references):
        if credit.id not in used:
            _use_credit(ctx, credit, references)


def _references(path: Path) -> frozenset[str]:
    with Source(path, ("InvoiceNo",)) as source:
        return frozenset(row.cells[0] for row in source.rows() if isinstance(row, Row))


def _documents(kind: DocumentKind, references: frozenset[str]) -> list[Document]:
    found = Document.objects.filter(kind=kind, reference__in=references, total__gt=0)
    named = found.exclude(contact__reference=WALK_IN)
    return list(named.order_by("issued_on", "id"))


def _receipt(invoice: Document) -> PaymentInput | None:
    """In full for every third number, of half for the next, none for the one after."""
    share = (Decimal(1), Decimal("0.5"), None)[int(invoice.reference) % 3]
    amount = (invoice.total * share).quantize(PENNY, ROUND_DOWN) if share else None
    if not amount:
        return None
    return PaymentInput(
        kind=PaymentKind.RECEIPT,
        contact_id=invoice.contact_id,
        paid_on=invoice.issued_on + timedelta(days=PAID_AFTER_DAYS),
        amount=amount,
        reference=f"BACS {invoice.reference}",
        narration=f"Invoice {invoice.reference}",
        allocations=[(invoice.id, amount)],
    )


def _use_credit(ctx: Context, credit: Document, references: frozenset[str]) -> None:
    """Set a credit note against the customer's oldest invoice that is open for as much."""
    for invoice in _owed(credit, references):
        if invoice.outstanding >= credit.outstanding > 0:
            wanted = AllocationInput(invoice.id, credit.outstanding, credit_id=credit.id)
            allocation_create(ctx, allocation=wanted)
            return


def _owed(credit: Document, references: frozenset[str]) -> Iterator[Document]:
    invoices = Document.objects.filter(
        kind=DocumentKind.INVOICE,
        contact=credit.contact_id,
        reference__in=references,
        issued_on__lte=credit.issued_on,
    )
    yield from invoices.order_by("issued_on", "id")
