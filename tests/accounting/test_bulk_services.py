"""Many documents in one call: what an import does to a database that knows nothing yet."""

from datetime import date
from decimal import Decimal

import pytest
from psycopg._queries import MAX_CACHED_STATEMENT_LENGTH

from accounting.services import booking
from accounting.services.documents import BATCH_MAX, documents_create
from accounting.services.drafts import DocumentInput, LineInput
from accounting.services.reference import contact_create
from tests.cast import Company


def test_the_driver_remembers_where_a_posting_has_its_parameters(
    acme: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It looks for them anew each time in what is longer, which takes a third of a millisecond."""
    contact = contact_create(acme.ctx(), values={"name": "Dawson"})
    line = LineInput(Decimal(1), Decimal("9.99"))
    one = DocumentInput("invoice", contact.id, date(2026, 3, 2), [line])
    statement, sent = booking._statement, []

    def remembered(names: frozenset[str]) -> str:
        sent.append(statement(names))
        return sent[-1]

    monkeypatch.setattr(booking, "_statement", remembered)
    documents_create(acme.ctx(), documents=[one], post=True)
    [sql] = sent
    assert len(sql.encode()) <= MAX_CACHED_STATEMENT_LENGTH


def test_the_largest_batch_fits_the_time_of_a_statement(acme: Company) -> None:
    """Planned by the tenant instead of by the key, the guards would read each row of the batch
    for each row of it, and the role's statement_timeout would end that."""
    contact = contact_create(acme.ctx(), values={"name": "Dawson"})
    lines = [LineInput(Decimal(1), Decimal("9.99"), f"Line {n}") for n in range(5)]
    one = DocumentInput("invoice", contact.id, date(2026, 3, 2), lines)

    made = documents_create(acme.ctx(), documents=[one] * BATCH_MAX, post=True)

    numbers = [booked.row["number"] for booked in made]
    assert numbers == [f"INV-2026-{n:05}" for n in range(1, BATCH_MAX + 1)]
