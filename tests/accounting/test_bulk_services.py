"""Many documents in one call: what an import does to a database that knows nothing yet."""

from datetime import date
from decimal import Decimal

from accounting.services.documents import BATCH_MAX, documents_create
from accounting.services.drafts import DocumentInput, LineInput
from accounting.services.reference import contact_create
from tests.cast import Company


def test_the_largest_batch_fits_the_time_of_a_statement(acme: Company) -> None:
    """Planned by the tenant instead of by the key, the guards would read each row of the batch
    for each row of it, and the role's statement_timeout would end that."""
    contact = contact_create(acme.ctx(), values={"name": "Dawson"})
    lines = [LineInput(Decimal(1), Decimal("9.99"), f"Line {n}") for n in range(5)]
    one = DocumentInput("invoice", contact.id, date(2026, 3, 2), lines)

    made = documents_create(acme.ctx(), documents=[one] * BATCH_MAX, post=True)

    numbers = [booked.row["number"] for booked in made]
    assert numbers == [f"INV-2026-{n:05}" for n in range(1, BATCH_MAX + 1)]
