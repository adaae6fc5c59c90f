"""The numbers on the paper are the numbers of the books."""

import base64
import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import call_command

from accounting.models import Document, DocumentKind
from accounting.printing.documents import document_paper
from accounting.printing.remittances import remittance_paper
from accounting.printing.statements import statement_paper
from accounting.printing.wording import LANGUAGES, Wording, words_of
from accounting.selectors.documents import document_get
from accounting.selectors.papers import (
    StatementPeriod,
    document_facts,
    letterhead_get,
    remittance_facts,
    statement_facts,
)
from accounting.services.documents import document_reverse
from accounting.services.drafts import LineInput
from accounting.services.reference import contact_update, letterhead_update
from core.printing.typesetter import pdf_of
from core.tenancy.context import Context
from core.tenancy.selectors import tenant_by_slug
from core.tenancy.transactions import query
from tests.accounting.books import DAY, Books, open_books
from tests.cast import api_of
from tests.paper.reading import amounts_after, amounts_in, pages_of, text_of
from tests.paper.samples import document_pdf, png

ZERO = Decimal(0)
#: Of the demo's documents, one in so many. The benchmark `paper` looks at every one.
EVERY = 5


@pytest.fixture
def books() -> Books:
    return open_books()


# --- the demo -----------------------------------------------------------------------


def demo() -> Context:
    call_command("seed_demo", "--json")
    tenant = tenant_by_slug(slug="alder-finch")
    assert tenant is not None
    return Context(tenant.id, None, datetime.now(UTC), "test")


@query
def documents_of(ctx: Context) -> list[tuple[str, Any]]:
    return list(Document.objects.order_by("id").values_list("kind", "id"))


def test_documents_of_the_demo_say_their_own_numbers(capsys: Any) -> None:
    ctx = demo()
    found = documents_of(ctx)
    assert len(found) > 100
    for kind, document_id in found[::EVERY]:
        booked = document_get(ctx, kind=kind, document_id=document_id)
        facts = document_facts(ctx, kind=kind, document_id=document_id)
        facts.parties.contact.language, facts.parties.contact.country = "en", "GB"
        text = text_of(pdf_of(document_paper(facts)))
        assert says(text, booked.row, booked.lines), booked.row["number"]
    assert json.loads(capsys.readouterr().out)


def says(text: str, row: dict[str, Any], lines: list[dict[str, Any]]) -> bool:
    """Whether each line and each sum stands there, in the order of the document."""
    wanted = [line["net"] for line in lines] + [row["total"]]
    left = iter(amounts_in(text))
    in_order = all(any(amount == one for one in left) for amount in wanted)
    due = amounts_after(f"Amount due {row['currency']}", text)
    is_demand = row["kind"] in (DocumentKind.INVOICE, DocumentKind.BILL)
    owed = [row["total"] - row["allocated"]] if row["allocated"] and is_demand else []
    return in_order and row["number"] in text and due == owed


# --- sums ---------------------------------------------------------------------------


def test_500_lines_carry_their_sums_from_page_to_page(books: Books) -> None:
    tax = books.tax("S", "20")
    lines = [
        LineInput(Decimal(1), Decimal(n) / 100, description=f"Article {n}.", tax_id=tax)
        for n in range(1, 501)
    ]
    booked = books.document(lines=lines)
    pages = pages_of(document_pdf(books.ctx, "invoice", booked.row["id"]))
    assert len(pages) > 10
    so_far, carried, seen = ZERO, ZERO, 0
    for number, page in enumerate(pages, start=1):
        assert f"Page {number} of {len(pages)}" in page
        brought = amounts_after("Brought forward", page)
        assert brought == ([carried] if number > 1 and seen < 500 else []), number
        here = sum(page.count(f"Article {n}. ") for n in range(1, 501))
        so_far += sum((Decimal(n) / 100 for n in range(seen + 1, seen + here + 1)), ZERO)
        seen += here
        forward = amounts_after("Carried forward", page)
        assert forward == ([so_far] if seen < 500 else []), number
        carried = so_far
    assert seen == 500
    assert amounts_after("Total net", pages[-1]) == [booked.row["net"]] == [so_far]
    assert amounts_after("Total GBP", pages[-1]) == [booked.row["total"]]


def test_taxes_are_summed_by_rate_and_add_up(books: Books) -> None:
    standard, reduced = books.tax("S", "20"), books.tax("R", "5")
    shown = [("100.00", standard), ("40.00", reduced), ("10.10", standard), ("7.00", None)]
    lines = [LineInput(Decimal(1), Decimal(price), tax_id=tax) for price, tax in shown]
    row = books.document(lines=lines).row
    text = text_of(document_pdf(books.ctx, "invoice", row["id"]))
    summary = text[text.index("Gross") :]
    assert "20%\n110.10\n22.02\n132.12" in summary.replace(" ", "\n")
    assert "5%\n40.00\n2.00\n42.00" in summary.replace(" ", "\n")
    assert "No VAT 7.00 0.00 7.00" in summary.replace("\n", " ")
    assert amounts_after("Total GBP", text) == [Decimal("181.12")] == [row["total"]]


def test_what_was_paid_lessens_what_is_due(books: Books) -> None:
    row = books.document("100.00").row
    books.settle(row["id"], "30.00", payment_id=books.payment("30.00").id)
    text = text_of(document_pdf(books.ctx, "invoice", row["id"]))
    assert amounts_after("Amount due GBP", text) == [Decimal("70.00")]
    assert "Please pay 70.00 GBP by 1 April 2026" in text


def test_a_draft_says_so_and_has_no_number(books: Books) -> None:
    row = books.document("10.00", post=False).row
    text = text_of(document_pdf(books.ctx, "invoice", row["id"]))
    assert "DRAFT" in text
    assert "INV-" not in text


def test_a_credit_note_names_what_it_corrects(books: Books) -> None:
    invoice = books.document("10.00").row
    note = books.document("4.00", kind="credit_note", corrects_id=invoice["id"]).row
    text = text_of(document_pdf(books.ctx, "credit_note", note["id"]))
    assert f"For Invoice {invoice['number']} of 2 March 2026" in text
    assert "Please pay" not in text


# --- statement and remittance ---------------------------------------------------------


def test_a_statement_goes_from_the_opening_to_the_closing_balance(books: Books) -> None:
    books.document("100.00", issued_on=DAY.replace(month=1))
    invoice = books.document("250.00").row
    books.payment("80.00")
    period = StatementPeriod(books.customer, "receivables", DAY, DAY.replace(day=31))
    text = text_of(pdf_of(statement_paper(statement_facts(books.ctx, period=period))))
    assert amounts_after("Opening balance", text) == [Decimal("100.00")] * 2
    assert f"Invoice {invoice['number']} 250.00 350.00" in text.replace("\n", " ")
    assert "Payment received RCPT-2026-00001 80.00 270.00" in text.replace("\n", " ")
    assert amounts_after("Closing balance GBP", text) == [Decimal("270.00")]
    assert amounts_after("Not yet due", text) == [Decimal("250.00")]
    assert amounts_after("Not allocated", text) == [Decimal("-80.00")]


def test_a_reversed_invoice_stands_twice_on_a_statement(books: Books) -> None:
    invoice = books.document("50.00").row
    document_reverse(books.ctx, kind="invoice", document_id=invoice["id"], effective_on=DAY)
    period = StatementPeriod(books.customer, "receivables", DAY, DAY)
    text = text_of(pdf_of(statement_paper(statement_facts(books.ctx, period=period))))
    assert f"Reversal of Invoice {invoice['number']}" in text
    assert amounts_after("Closing balance GBP", text) == [Decimal("0.00")]


def test_a_suppliers_statement_grows_with_what_we_owe(books: Books) -> None:
    books.document("60.00", kind="bill")
    period = StatementPeriod(books.supplier, "payables", DAY, DAY)
    text = text_of(pdf_of(statement_paper(statement_facts(books.ctx, period=period))))
    assert amounts_after("Closing balance GBP", text) == [Decimal("60.00")]


def test_a_remittance_names_what_it_pays(books: Books) -> None:
    bills = [books.document(a, kind="bill", reference=f"R-{a}").row for a in ("60.00", "40.00")]
    payment = books.payment("120.00", kind="disbursement")
    for bill in bills:
        books.settle(bill["id"], str(bill["total"]), payment_id=payment.id)
    text = text_of(pdf_of(remittance_paper(remittance_facts(books.ctx, payment_id=payment.id))))
    assert "Remittance advice PAY-2026-00001" in text
    for bill in bills:
        assert f"Your reference: {bill['reference']}" in text
    assert amounts_after("Not allocated", text) == [Decimal("20.00")]
    assert amounts_after("Payment GBP", text) == [Decimal("120.00")]


# --- language -------------------------------------------------------------------------


def test_the_reader_is_written_to_in_his_language(books: Books) -> None:
    contact_update(books.ctx, contact_id=books.customer, values={"language": "de", "country": "DE"})
    row = books.document("1234.50").row
    text = text_of(document_pdf(books.ctx, "invoice", row["id"]))
    for said in ("Rechnung INV-2026-00001", "2. März 2026", "1.234,50", "Gesamtbetrag GBP",
                 "Deutschland", "Seite 1 von 1"):  # fmt: skip
        assert said in text, said


def test_who_has_no_language_is_written_to_in_the_companys(books: Books) -> None:
    letterhead_update(books.ctx, values={"language": "fr", "country": "FR"})
    row = books.document("1234.50").row
    text = text_of(document_pdf(books.ctx, "invoice", row["id"]))
    assert "Facture INV-2026-00001" in text
    assert "1 234,50" in text


def test_every_language_has_every_word_and_no_other() -> None:
    english = words_of("en")
    for language in LANGUAGES:
        words = words_of(language)
        assert set(words) == set(english), language
        for key, text in words.items():
            assert text.strip(), key
            assert placeholders(text) == placeholders(english[key]), (language, key)


def placeholders(text: str) -> set[str]:
    return {part.partition("}")[0] for part in text.split("{")[1:]}


def test_swiss_thousands_are_grouped() -> None:
    """The formatter drops the apostrophes of a million; if it no longer does, drop the detour."""
    wording = Wording.of("de", country="CH", currency="CHF")
    assert wording.amount(Decimal("1234567.50")) == "1'234'567.50".replace(
        "'", "\N{RIGHT SINGLE QUOTATION MARK}"
    )


# --- letterhead -------------------------------------------------------------------------


def test_a_logo_comes_and_goes_through_the_api(books: Books) -> None:
    owner = api_of(books.company, books.company.owner)
    assert owner.ok("GET", "letterhead/")["version"] == 0
    picture = base64.b64encode(png()).decode()
    made = owner.ok("PATCH", "letterhead/", {"logo": picture, "color": "#00aa00"})
    assert (made["has_logo"], made["color"], made["version"]) == (True, "#00aa00", 1)
    assert bytes(letterhead_get(books.ctx).logo) == png()
    for logo in ("not base64!", base64.b64encode(b"GIF89a").decode()):
        refused = owner.call("PATCH", "letterhead/", {"logo": logo})
        assert refused.status_code == 422
        assert refused.data["error"]["fields"][0]["name"] == "logo"
    assert owner.ok("PATCH", "letterhead/", {"logo": ""})["has_logo"] is False
    assert owner.call("PATCH", "letterhead/", {"color": "red"}).status_code == 422


def test_the_letterhead_stands_on_the_paper(books: Books) -> None:
    said = {
        "legal_name": "Dawson Holdings plc", "address": "1 Mill Lane\nBath", "tax_number": "GB 1",
        "bank_account": "GB33BUKB20201555555555", "bank_name": "Mill Bank",
        "payment_note": "Late payers are charged interest.", "footer": "Registered somewhere",
    }  # fmt: skip
    letterhead_update(books.ctx, values=said)
    row = books.document("10.00").row
    text = text_of(document_pdf(books.ctx, "invoice", row["id"]))
    for one in said.values():
        for line in one.splitlines():
            assert line in text, line
