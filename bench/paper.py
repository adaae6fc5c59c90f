"""Papers and mails: PDFs of 5 and 500 lines, and mails into a sink on this machine."""

import logging
import re
import smtplib
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO, StringIO
from typing import Any
from uuid import UUID

from aiosmtpd.controller import Controller
from django.conf import settings
from django.core.management import call_command
from pypdf import PdfReader
from tqdm import tqdm

from accounting.models import Document
from accounting.printing.documents import document_paper
from accounting.selectors.papers import DocumentFacts, document_facts
from accounting.services.documents import document_create
from accounting.services.drafts import DocumentInput, LineInput
from bench.database import BenchError, Database, Latencies
from bench.measure import Figure, Load, Variant, rounds
from bench.scale import Scale
from bench.world import Company
from core.mail.services import Letter, mail_deliver, mail_send
from core.printing.paper import Paper
from core.printing.typesetter import pdf_of
from core.tenancy.context import Context
from core.tenancy.selectors import tenant_by_slug
from core.tenancy.transactions import query

EMPTY, SHORT, LONG = "a PDF of no lines", "a PDF of 5 lines", "a PDF of 500 lines"
READ = "read from the books, and a PDF of 5 lines"
BARE, DELIVERED = "the same mails by smtplib alone", "mails written and delivered"
PAPERS = {EMPTY: 40, SHORT: 40, READ: 40, LONG: 3}
#: Below the cap of jobs, which nobody does here.
MAILS = 80
AMOUNT = re.compile(r"(?<![\d.,])-?\d{1,3}(?:,\d{3})*\.\d{2}(?!\d)")


def papers(database: Database, companies: Sequence[Company], scale: Scale) -> list[Figure]:
    """Each paper is a new one: what the typesetter remembers of the last would answer for it."""
    company = companies[0]
    documents = {lines: _document(company, lines) for lines in (5, 500)}

    def printed(lines: int) -> Paper:
        return document_paper(
            document_facts(company.ctx(), kind="invoice", document_id=documents[lines])
        )

    made, numbers = {lines: printed(lines) for lines in documents}, iter(range(10**9))
    empty = replace(made[5], rows=())

    def fresh(paper: Paper) -> bytes:
        return pdf_of(_renumbered(paper, numbers))

    work: dict[str, Callable[[], object]] = {
        EMPTY: lambda: fresh(empty),
        SHORT: lambda: fresh(made[5]),
        READ: lambda: fresh(printed(5)),
        LONG: lambda: fresh(made[500]),
    }
    variants = [
        Variant(name, 1, lambda name=name: _timed(work[name], PAPERS[name])) for name in work
    ]
    return rounds(database, variants, scale.rounds, "papers")


def mails(database: Database, companies: Sequence[Company], scale: Scale) -> list[Figure]:
    company = companies[0]
    with _sink() as port:
        variants = [
            Variant(BARE, 1, lambda: _timed(lambda: _bare(port), MAILS)),
            Variant(DELIVERED, 1, lambda: _delivered(database, company)),
        ]
        return rounds(database, variants, scale.rounds, "mails")


def demo_read() -> int:
    """Print every document of the demo and read it back; how many.

    Raises BenchError where a number on paper is not the document's.
    """
    call_command("seed_demo", "--json", stdout=StringIO())
    tenant = tenant_by_slug(slug="alder-finch")
    assert tenant is not None
    ctx = Context(tenant.id, None, datetime.now(UTC), "bench")
    found = _all(ctx)
    for kind, document_id in tqdm(found, desc="the demo on paper", leave=False):
        facts = document_facts(ctx, kind=kind, document_id=document_id)
        facts.parties.contact.language, facts.parties.contact.country = "en", "GB"
        if not _says_its_numbers(facts):
            raise BenchError(f"{facts.row['number']} says other numbers on paper.")
    return len(found)


@query
def _all(ctx: Context) -> list[tuple[str, UUID]]:
    return list(Document.objects.order_by("id").values_list("kind", "id"))


def _says_its_numbers(facts: DocumentFacts) -> bool:
    """Every line's net and the total, in the order of the document."""
    pages = PdfReader(BytesIO(pdf_of(document_paper(facts)))).pages
    text = "\n".join(page.extract_text() for page in pages)
    left = iter([Decimal(one.replace(",", "")) for one in AMOUNT.findall(text)])
    wanted = [*(line["net"] for line in facts.lines), facts.row["total"]]
    return all(any(amount == one for one in left) for amount in wanted)


def _document(company: Company, lines: int) -> UUID:
    wanted = DocumentInput(
        kind="invoice",
        contact_id=company.contacts[0],
        issued_on=date.today(),  # noqa: DTZ011
        lines=[
            LineInput(
                Decimal(number % 7 + 1), Decimal(number) / 8,
                description=f"Article {number} of a catalogue", item_code=f"A-{number}",
                tax_id=company.taxes[number % 2],
            )
            for number in range(1, lines + 1)
        ],
    )  # fmt: skip
    found: UUID = document_create(company.ctx(), document=wanted, post=True).row["id"]
    return found


def _renumbered(paper: Paper, numbers: Iterator[int]) -> Paper:
    rows = [
        replace(row, cells=[[*row.cells[0], str(next(numbers))], *row.cells[1:]])
        for row in paper.rows
    ]
    return replace(paper, intro=f"No. {next(numbers)}", rows=rows)


def _timed(work: Callable[[], object], count: int) -> Load:
    times, cpu = [], time.process_time()
    for _ in range(count):
        before = time.perf_counter()
        work()
        times.append((time.perf_counter() - before) * 1000)
    return Load(Latencies.of(times, sum(times) / 1000), time.process_time() - cpu)


def _delivered(database: Database, company: Company) -> Load:
    database.run("TRUNCATE jobs_jobticket")
    return _timed(lambda: _deliver(company), MAILS)


def _deliver(company: Company) -> None:
    ctx = company.ctx()
    values = {"company": "A", "contact": "B", "number": "1", "total": "1.00", "currency": "GBP"}
    letter = Letter(
        "accounting.credit_note", "reader@example.test", str(time.perf_counter_ns()), values
    )
    mail_deliver(ctx, mail_id=mail_send(ctx, letter=letter).pk)


def _bare(port: int) -> None:
    with smtplib.SMTP("127.0.0.1", port, timeout=10) as server:
        server.sendmail("a@example.test", ["b@example.test"], b"Subject: A\r\n\r\n" + b"B" * 700)


class _Taken:
    async def handle_DATA(self, *_: Any) -> str:  # noqa: N802  the library's name
        return "250 Taken"


@contextmanager
def _sink() -> Iterator[int]:
    """A mail server that takes everything and keeps nothing."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    logging.getLogger("mail.log").setLevel(logging.WARNING)
    controller = Controller(_Taken(), hostname="127.0.0.1", port=port)
    controller.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
    try:
        yield port
    finally:
        controller.stop()
