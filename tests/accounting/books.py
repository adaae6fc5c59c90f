"""A company with a customer and a supplier, and short ways to book in it."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from accounting.models import Account, Allocation, Document, Journal, JournalLine, Payment
from accounting.selectors.documents import BookedDocument
from accounting.services.allocations import AllocationInput, allocation_create
from accounting.services.documents import document_create
from accounting.services.drafts import DocumentInput, LineInput
from accounting.services.journals import JournalInput, JournalLineInput, journal_create
from accounting.services.payments import PaymentInput, payment_create
from accounting.services.reference import contact_create, tax_create
from core.tenancy.context import Context
from core.tenancy.transactions import query
from tests.cast import Company, new_company, new_user

DAY = date(2026, 3, 2)


@query
def account_ids(ctx: Context) -> dict[str, UUID]:
    """Accounts by role, or by code where they have none."""
    return {account.role or account.code: account.id for account in Account.objects.all()}


@query
def stored(ctx: Context, model: Any, record_id: UUID) -> Any:
    return model.objects.get(pk=record_id)


@query
def counted(ctx: Context, model: Any, **filters: Any) -> int:
    found: int = model.objects.filter(**filters).count()
    return found


@query
def lines_of(ctx: Context, journal_id: UUID) -> list[JournalLine]:
    return list(JournalLine.objects.filter(journal=journal_id).order_by("position"))


@dataclass
class Books:
    company: Company
    accounts: dict[str, UUID]
    customer: UUID
    supplier: UUID
    taxes: dict[str, UUID] = field(default_factory=dict)

    @property
    def ctx(self) -> Context:
        return self.company.ctx()

    @property
    def tenant_id(self) -> UUID:
        return self.company.tenant_id

    def tax(self, code: str, rate: str, **values: Any) -> UUID:
        created = tax_create(
            self.ctx,
            values={
                "code": code,
                "name": code,
                "rate": Decimal(rate),
                "account_id": self.accounts["tax"],
                **values,
            },
        )
        self.taxes[code] = created.id
        return created.id

    def draft(self, *amounts: str, kind: str = "invoice", **values: Any) -> DocumentInput:
        """A document with one line per amount."""
        contact = self.customer if kind in ("invoice", "credit_note") else self.supplier
        line = values.pop("line", {})
        return DocumentInput(
            **{
                "kind": kind,
                "contact_id": contact,
                "issued_on": DAY,
                "lines": [LineInput(Decimal(1), Decimal(a), **line) for a in amounts],
                **values,
            }
        )

    def document(self, *amounts: str, post: bool = True, **values: Any) -> BookedDocument:
        return document_create(self.ctx, document=self.draft(*amounts, **values), post=post)

    def payment(self, amount: str, *, post: bool = True, **values: Any) -> Payment:
        kind = values.setdefault("kind", "receipt")
        contact = self.customer if kind == "receipt" else self.supplier
        asked = {"contact_id": contact, "paid_on": DAY, "amount": Decimal(amount), **values}
        return payment_create(self.ctx, payment=PaymentInput(**asked), post=post)

    def journal(self, *amounts: str, post: bool = True, day: date = DAY) -> Journal:
        """Amounts go to the bank, share capital, sales and purchases accounts, in this order."""
        roles = ("bank", "3000", "sales", "purchases")
        lines = [
            JournalLineInput(self.accounts[role], Decimal(amount))
            for role, amount in zip(roles, amounts, strict=False)
        ]
        return journal_create(self.ctx, journal=JournalInput(day, lines), post=post)

    def settle(self, document_id: UUID, amount: str, **source: UUID) -> Allocation:
        wanted = AllocationInput(document_id, Decimal(amount), **source)
        return allocation_create(self.ctx, allocation=wanted)

    def find_document(self, document_id: UUID) -> Document:
        found: Document = stored(self.ctx, Document, document_id)
        return found

    def find_payment(self, payment_id: UUID) -> Payment:
        found: Payment = stored(self.ctx, Payment, payment_id)
        return found


def open_books(currency: str = "GBP", **company: Any) -> Books:
    opened = new_company(new_user("alice"), currency=currency, **company)
    ctx = opened.ctx()
    customer = contact_create(ctx, values={"name": "Dawson & Sons"})
    supplier = contact_create(ctx, values={"name": "Mill Lane Paper", "is_supplier": True})
    return Books(opened, account_ids(ctx), customer.id, supplier.id)
