"""Everything that is held about one person, table by table, as the register declares it.

A page of each table at a time, so that whoever writes it all out needs no more memory
than for one page. That a report was made is itself an entry of the audit log.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Model, QuerySet

from core.audit.looks import audit_look
from core.audit.models import AuditLog
from core.partitions import registry
from core.partitions.models import PartitionArchive
from core.privacy.erasure import belongs, rows_of, take_time
from core.privacy.register import PersonalData, persons
from core.tenancy.context import Context
from core.tenancy.transactions import command, query

Row = dict[str, Any]
#: Rows of one page of one table.
ROWS_MAX = 500
#: What no table of the register can tell.
ELSEWHERE = (
    "Texts that people wrote (messages, narrations) may name anybody; they are not searched.",
    "Answers kept for repeated requests stay a day; events for other programs hold ids only.",
    "An archive of a month cannot be changed: it holds what its table held when it was made.",
)


@dataclass(frozen=True, slots=True)
class Person:
    """Whom a report is about. `email` finds what is kept by address rather than by id."""

    kind: str
    id: UUID
    email: str = ""

    def key(self, entry: PersonalData) -> Any:
        return self.email if entry.by_email else self.id


@command
def report_make(ctx: Context, *, person: Person) -> Row:
    """What this company (or, in its own context, the platform) holds of `person`.

    {kind, id, tables: [{table, on_erasure, why, rows, is_whole}], archives, elsewhere}. At most
    ROWS_MAX rows a table, oldest first. Callers check that the person is theirs to ask about.
    """
    take_time()
    report_note(ctx, person=person)
    return {
        "kind": person.kind,
        "id": person.id,
        "tables": [
            _section(ctx, entry, person) for entry in persons(person.kind) if belongs(ctx, entry)
        ],
        "archives": archives_of(person.kind),
        "elsewhere": list(ELSEWHERE),
    }


def pages(ctx: Context, *, person: Person) -> Iterator[Row]:
    """All of it, page by page, each in a transaction of its own; for whom a limit is no answer."""
    report_note(ctx, person=person)
    for entry in persons(person.kind):
        after: Any = None
        while belongs(ctx, entry):
            page = _page(ctx, entry=entry, person=person, after=after)
            yield page
            if page["is_whole"]:
                break
            after = page["rows"][-1]["id"]


@command
def report_note(ctx: Context, *, person: Person) -> None:
    """Write down who asked for the report of whom."""
    audit_look(ctx, looked_at={"person_report": {"kind": person.kind, "id": person.id}})


@query
def _page(ctx: Context, *, entry: PersonalData, person: Person, after: Any) -> Row:
    take_time()
    return _section(ctx, entry, person, after=after)


def _section(ctx: Context, entry: PersonalData, person: Person, *, after: Any = None) -> Row:
    """What one table holds of a person, after the row with the key `after`."""
    found = rows_of(ctx, entry, person.key(entry))
    if entry.model is AuditLog:  # that somebody looked is not repeated to each who looks
        found = found.exclude(action=AuditLog.Action.READ)
    if after is not None:
        found = found.filter(pk__gt=after)
    rows = list(_columns(found, entry)[: ROWS_MAX + 1])
    if entry.model is AuditLog:
        rows = [_of_him_alone(row, person) for row in rows]
    return {
        "table": entry.table,
        "on_erasure": str(entry.fate),
        "why": entry.why,
        "rows": rows[:ROWS_MAX],
        "is_whole": len(rows) <= ROWS_MAX,
    }


def _of_him_alone(row: Row, person: Person) -> Row:
    """An entry of the log without what it says of others whom he changed, and without its salt."""
    named = [row["row_id"], *(row["old"] or {}).values(), *(row["new"] or {}).values()]
    said = row["personal"] if str(person.id) in map(str, named) else None
    return row | {"personal": said and {side: said[side] for side in said if side != "salt"}}


def archives_of(kind: str) -> list[Row]:
    """Archived months of the tables that hold such persons. Nobody deletes them but operators."""
    tables = {entry.table for entry in persons(kind)}.intersection(registry.tables())
    verified = PartitionArchive.objects.filter(table__in=tables).exclude(verified_at=None)
    columns = ("partition", "month", "created_at", "dropped_at")
    return list(verified.order_by("partition", "created_at").values(*columns))


def _columns(found: "QuerySet[Model]", entry: PersonalData) -> "QuerySet[Model, Any]":
    columns = dict.fromkeys(("id", *entry.columns))
    return found.order_by("pk").values(*columns)
