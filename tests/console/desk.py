"""A person at the console, and books to look at: set up through services."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.test import Client
from django.urls import reverse

from accounting.models import Account, Contact, Document, Journal
from accounting.services.allocations import AllocationInput, allocation_create
from accounting.services.documents import document_create
from accounting.services.drafts import DocumentInput, LineInput
from accounting.services.journals import JournalInput, JournalLineInput, journal_create
from accounting.services.payments import PaymentInput, payment_create
from accounting.services.reference import contact_create, tax_create
from core.tenancy.context import Context
from core.tenancy.transactions import command, query
from permissions.models import User
from tests.cast import Company, join, new_user

DAY = date(2026, 3, 2)


@dataclass
class Desk:
    """A browser without JavaScript: one person, one session."""

    user: User
    client: Client = field(default_factory=Client)

    def get(self, name: str, *args: Any, status: int = 200, **query: Any) -> str:
        """The text of a page, by the name of its address."""
        response = self.client.get(reverse(f"admin:{name}", args=args), query)
        assert response.status_code == status, (name, response.status_code, response.content[:500])
        return response.content.decode()

    def post(self, name: str, *args: Any, body: Any = None, status: int = 302) -> Any:
        """Sends a form; `follow` is left to `said()`."""
        response = self.client.post(reverse(f"admin:{name}", args=args), body or {})
        assert response.status_code == status, (name, response.status_code, response.content[:900])
        return response

    def said(self) -> str:
        """The messages of the last form, as the next page shows them."""
        return " ".join(str(m) for m in self.client.get(reverse("admin:index")).context["messages"])

    def act(self, name: str, action: str, ids: list[UUID], status: int = 302) -> Any:
        body = {"action": action, "_selected_action": [str(i) for i in ids], "index": "0"}
        return self.post(name, body=body, status=status)

    def switch(self, company: Company, status: int = 302) -> None:
        self.post("switch_tenant", body={"tenant": str(company.tenant_id)}, status=status)


def staff(*companies: Company, role: str = "owner") -> Desk:
    """Somebody who may open the console and has `role` in these companies; logged in."""
    desk = Desk(new_user("sam", is_staff=True))
    for company in companies:
        join(company, desk.user, role)
    desk.client.force_login(desk.user, backend="permissions.backends.PasswordBackend")
    return desk


@dataclass(frozen=True)
class Books:
    """One of everything in a company."""

    contact: Contact
    tax: Any
    account: Account
    draft: Document
    posted: Document
    paid: Document
    bill: Document
    credit_note: Document
    debit_note: Document
    payment: Any
    allocation: Any
    journal: Journal
    draft_journal: Journal
    draft_payment: Any


def contact_of(company: Company, name: str = "Dawson & Sons") -> Contact:
    return contact_create(company.ctx(), values={"name": name, "is_supplier": True})


def document_of(
    company: Company, contact: Contact, *, kind: str = "invoice", post: bool = False, **values: Any
) -> Document:
    tax_id = values.pop("tax_id", None)
    lines = [LineInput(Decimal(2), Decimal("50.00"), description="Desk", tax_id=tax_id)]
    wanted = DocumentInput(kind, contact.id, values.pop("issued_on", DAY), lines, **values)
    made = document_create(company.ctx(), document=wanted, post=post)
    return reload(company, Document, made.row["id"])


def books_of(company: Company) -> Books:
    ctx = company.ctx()
    contact = contact_of(company)
    accounts = {a.role or a.code: a for a in read(ctx, lambda: list(Account.objects.all()))}
    tax = tax_create(
        ctx,
        values={"code": "S", "name": "VAT 20 %", "rate": Decimal(20), "account": accounts["tax"]},
    )
    paid = document_of(company, contact, post=True, tax_id=tax.id)
    payment = payment_create(
        ctx,
        payment=PaymentInput("receipt", contact.id, DAY, Decimal(60), reference="bank 1"),
        post=True,
    )
    allocation = allocation_create(
        ctx, allocation=AllocationInput(paid.id, Decimal(60), payment_id=payment.id)
    )
    return Books(
        contact=contact,
        tax=tax,
        account=accounts["sales"],
        draft=document_of(company, contact, reference="order 7", tax_id=tax.id),
        posted=document_of(company, contact, post=True),
        paid=paid,
        bill=document_of(company, contact, kind="bill", post=True),
        credit_note=document_of(company, contact, kind="credit_note", post=True),
        debit_note=document_of(company, contact, kind="debit_note", post=True),
        payment=payment,
        allocation=allocation,
        journal=journal_of(ctx, accounts, post=True),
        draft_journal=journal_of(ctx, accounts, credit="90"),
        draft_payment=payment_create(
            ctx, payment=PaymentInput("receipt", contact.id, DAY, Decimal(5))
        ),
    )


def journal_of(
    ctx: Context, accounts: dict[str, Account], *, credit: str = "100", post: bool = False
) -> Journal:
    """100 in the bank against share capital; unbalanced where `credit` differs."""
    lines = [
        JournalLineInput(accounts["bank"].id, Decimal(100)),
        JournalLineInput(accounts["3000"].id, -Decimal(credit)),
    ]
    return journal_create(ctx, journal=JournalInput(DAY, lines, narration="Capital"), post=post)


@query
def read(ctx: Context, work: Any) -> Any:
    """Run `work` in a transaction of the company."""
    return work()


@command
def write(ctx: Context, work: Any) -> Any:
    return work()


def reload(company: Company, model: Any, record_id: UUID) -> Any:
    return read(company.ctx(), lambda: model.objects.get(pk=record_id))
