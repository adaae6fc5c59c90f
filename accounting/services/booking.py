"""How rows get into the books: one statement, however many documents there are.

`book` writes documents and journals with their lines, as drafts or numbered and posted
at once, and posts drafts of before. Every service that books goes through it, so the
API, the console and an import of a million lines take the same path.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

from accounting.caches import void
from accounting.ledger import Posting
from accounting.models import Series
from accounting.selectors.facts import Facts
from core.ids import uuid7
from core.jobs.outbox import Event
from core.json import dumps
from core.tenancy.context import Context
from core.tenancy.transactions import tenant_rows

SQL = Path(__file__).parent / "sql"
BOOKING_SQL = (SQL / "booking.sql").read_text(encoding="utf-8")

#: A part of a statement that is needed only if there are rows of this name.
PART = re.compile(r"^-- if (\w+)\n(.*?)^-- end\n", re.DOTALL | re.MULTILINE)

Row = dict[str, Any]


@dataclass(slots=True)
class Booking:
    """Rows to insert, as mappings of column to value."""

    documents: list[Row] = field(default_factory=list)
    document_lines: list[Row] = field(default_factory=list)
    payments: list[Row] = field(default_factory=list)
    journals: list[Row] = field(default_factory=list)
    journal_lines: list[Row] = field(default_factory=list)

    def add_journal(
        self,
        effective_on: date,
        postings: Iterable[Posting],
        *,
        narration: str = "",
        reference: str = "",
        reverses_id: UUID | None = None,
    ) -> Row:
        """Add a draft journal with its lines; returns its row, with the lines under `lines`."""
        journal: Row = {
            "id": uuid7(),
            "effective_on": effective_on,
            "narration": narration,
            "reference": reference,
            "reverses_id": reverses_id,
        }
        lines = [
            {
                "id": uuid7(),
                "journal_id": journal["id"],
                "position": position,
                "account_id": posting.account_id,
                "contact_id": posting.contact_id,
                "effective_on": effective_on,
                "amount": posting.amount,
                "memo": "",
            }
            for position, posting in enumerate(postings, start=1)
        ]
        self.journals.append(journal)
        self.journal_lines.extend(lines)
        return {**journal, "lines": lines}

    def parameters(self) -> dict[str, str]:
        """The rows of each table that has any as JSON, by the name of its parameter."""
        tables = ("documents", "document_lines", "payments", "journals", "journal_lines")
        return {table: dumps(rows).decode() for table in tables if (rows := getattr(self, table))}


@dataclass(frozen=True, slots=True)
class ToPost:
    """A journal to number in `series_id`, and what it belongs to."""

    journal_id: UUID
    series_id: UUID
    document_id: UUID | None = None
    payment_id: UUID | None = None


class Number(NamedTuple):
    sequence: int
    text: str


def book(
    ctx: Context, booking: Booking, postings: Sequence[ToPost] = (), events: Iterable[Event] = ()
) -> dict[UUID, Number]:
    """Write `booking`, number and post what `postings` name, announce `events`.

    What is posted may be part of the booking, or a draft of before that the caller has
    locked. Returns journal id to its number. Takes the lock on the series, so it is the
    last statement of its command. Amounts are summed and rounded already.
    """
    parameters = booking.parameters() | _to_post(booking, postings)
    announced = [{"id": uuid7(), "name": e.name, "payload": e.payload()} for e in events]
    if announced:
        parameters |= {
            "events": dumps(announced).decode(),
            "actor": ctx.actor_id,
            "request_id": ctx.request_id,
        }
    statement = _statement(frozenset(parameters))
    parameters |= {"tenant": ctx.tenant_id, "now": ctx.now}
    rows = tenant_rows(statement, parameters)
    return {journal_id: Number(*number) for journal_id, *number in rows}


def _to_post(booking: Booking, postings: Sequence[ToPost]) -> dict[str, Any]:
    """The parameters that say what is posted, and which of it are drafts of before."""
    if not postings:
        return {}
    numbered = [
        {
            "journal_id": posting.journal_id,
            "series_id": posting.series_id,
            "document_id": posting.document_id,
            "payment_id": posting.payment_id,
            "position": position,
        }
        for position, posting in enumerate(postings)
    ]
    asked: dict[str, tuple[list[UUID | None], list[Row]]] = {
        "draft_documents": ([p.document_id for p in postings], booking.documents),
        "draft_payments": ([p.payment_id for p in postings], booking.payments),
        "draft_journals": ([p.journal_id for p in postings], booking.journals),
    }
    drafts = {name: _not_among(ids, rows) for name, (ids, rows) in asked.items()}
    return {
        "postings": dumps(numbered).decode(),
        "series": list({posting.series_id for posting in postings}),
        **{name: ids for name, ids in drafts.items() if ids},
    }


def _not_among(ids: Iterable[UUID | None], rows: Iterable[Row]) -> list[UUID]:
    new = {row["id"] for row in rows}
    return [found for found in ids if found is not None and found not in new]


@cache
def _statement(names: frozenset[str]) -> str:
    """The statement without the parts that have no rows: few kinds, so each stays prepared."""
    wanted = names if "postings" in names else names | {"only_drafts"}
    sql = PART.sub(lambda part: part[2] if part[1] in wanted else "", BOOKING_SQL)
    lines = [line.strip() for line in sql.splitlines()]
    # Longer than 4,096 bytes, the driver would look for its parameters anew each time.
    return "\n".join(line for line in lines if not line.startswith("--"))


def series_of(ctx: Context, facts: Facts, kind: str, day: date) -> UUID:
    """The series of `kind` in the fiscal year of `day`; made when it is the year's first."""
    year = facts.fiscal_year(day)
    known = facts.series.get((kind, year))
    if known is not None:
        return known
    number_format = facts.settings["number_formats"][kind]
    Series.objects.bulk_create(
        [
            Series(
                kind=kind,
                fiscal_year=year,
                prefix=number_format["prefix"].replace("{year}", str(year)),
                digits=number_format["digits"],
            )
        ],
        ignore_conflicts=True,
    )
    void(ctx, Series)
    series_id: UUID = Series.objects.values_list("id", flat=True).get(kind=kind, fiscal_year=year)
    facts.series[(kind, year)] = series_id
    return series_id
