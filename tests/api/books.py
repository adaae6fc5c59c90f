"""A company with something of everything, made through the API: what the walls are tried on."""

from dataclasses import dataclass, field
from typing import Any

from tests.cast import Api

Row = dict[str, Any]
DAY = "2026-03-02"
LATER = "2026-03-20"
#: What every company has from its first day.
RIGHTS = ("users", "memberships", "roles", "grants")


@dataclass
class Books:
    """Ids of real records by the noun of their address; drafts apart from what is posted."""

    api: Api
    accounts: Row = field(default_factory=dict)
    taxes: list[Row] = field(default_factory=list)
    customer: str = ""
    supplier: str = ""
    drafts: dict[str, str] = field(default_factory=dict)
    posted: dict[str, str] = field(default_factory=dict)

    def ids(self, noun: str) -> list[str]:
        """Every id known for an address such as `invoices/{id}/`."""
        if noun in RIGHTS:
            return [row["id"] for row in self.api.ok("GET", f"{noun}/?limit=200")["data"]]
        known = {
            "accounts": list(self.accounts.values()),
            "taxes": [tax["id"] for tax in self.taxes],
            "contacts": [self.customer, self.supplier],
        }.get(noun, [])
        return known + [ids[noun] for ids in (self.drafts, self.posted) if noun in ids]


def document(contact: str, *lines: Row, **more: Any) -> Row:
    return {"contact_id": contact, "issued_on": DAY, "lines": list(lines) or [line()], **more}


def line(price: str = "10.00", **more: Any) -> Row:
    return {"description": "Desk", "quantity": "1", "unit_price": price, **more}


def payment(contact: str, amount: str = "5.00", kind: str = "receipt", **more: Any) -> Row:
    return {"kind": kind, "contact_id": contact, "paid_on": LATER, "amount": amount, **more}


def journal(debit: str, credit: str, amount: str = "7.00", **more: Any) -> Row:
    lines = [{"account_id": debit, "debit": amount}, {"account_id": credit, "credit": amount}]
    return {"effective_on": DAY, "narration": "By hand", "lines": lines, **more}


def open_books(api: Api) -> Books:
    """Two taxes, a customer and a supplier; nothing posted yet."""
    books = Books(api)
    rows = api.ok("GET", "accounts/?limit=200")["data"]
    books.accounts = {row["role"] or row["code"]: row["id"] for row in rows}
    for code, rate in (("S", "20"), ("R", "5")):
        body = {"code": code, "name": f"VAT {rate} %", "rate": rate}
        body["account_id"] = books.accounts["tax"]
        books.taxes.append(api.ok("POST", "taxes/", body))
    books.customer = api.ok("POST", "contacts/", {"name": "Dawson & Sons"})["id"]
    supplier = {"name": "Mill", "is_supplier": True, "is_customer": False}
    books.supplier = api.ok("POST", "contacts/", supplier)["id"]
    return books


def fill(books: Books) -> Books:
    """A draft and a posted record of each kind, a partial credit, and an allocation."""
    api, taxed = books.api, {"tax_id": books.taxes[0]["id"]}
    for noun, contact in (
        ("invoices", books.customer),
        ("bills", books.supplier),
        ("credit-notes", books.customer),
        ("debit-notes", books.supplier),
    ):
        body = document(contact, line("10.00", **taxed), line("2.50"))
        books.drafts[noun] = api.ok("POST", f"{noun}/", body)["id"]
        books.posted[noun] = api.ok("POST", f"{noun}/", body | {"post": True})["id"]
    _fill_payments(books)
    entry = journal(books.accounts["bank"], books.accounts["sales"])
    books.drafts["journals"] = api.ok("POST", "journals/", entry)["id"]
    books.posted["journals"] = api.ok("POST", "journals/", entry | {"post": True})["id"]
    return books


def _fill_payments(books: Books) -> None:
    api, invoice = books.api, books.posted["invoices"]
    books.drafts["payments"] = api.ok("POST", "payments/", payment(books.customer))["id"]
    settled = [{"document_id": invoice, "amount": "2.00"}]
    body = payment(books.customer, post=True, allocations=settled)
    books.posted["payments"] = api.ok("POST", "payments/", body)["id"]
    found = api.ok("GET", f"allocations/?document_id={invoice}")["data"]
    books.posted["allocations"] = found[0]["id"]
