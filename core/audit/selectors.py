"""Reads of the log: all of it, one entry, what happened to one record. Newest first.

Whoever shows what these find also says so in the log, with `audit_look`.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from django.apps import apps
from django.contrib.auth import get_user_model
from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet

from core.audit.declared import Audited
from core.audit.models import AuditLog
from core.audit.triggers import declaration_of
from core.audit.values import values_shown
from core.errors import Invalid, NotFound, require
from core.ids import uuid7_floor, uuid7_time
from core.listing import Order, Page, PageRequest, page_of
from core.tenancy.context import Context
from core.tenancy.transactions import query

Row = dict[str, Any]

LISTED = Order("audit", ("id",))
COLUMNS = (
    "id", "table", "row_id", "action", "actor_id", "session_id", "address", "request_id",
    "operation", "reason", "database_user", "old", "new", "personal", "is_erased",
)  # fmt: skip
#: No index holds these: with one of them alone, a rare value would be looked for everywhere.
SLOW = ("table", "action", "operation", "session_id")
FAST = ("row_id", "actor_id", "request_id", "occurred_from")
#: Clocks of the application and of the database may differ, so bounds are a day wider.
DAY = timedelta(days=1)
UUID7 = 7


@query
def audit_list(ctx: Context, *, page: PageRequest) -> Page:
    """Entries of the company; `page.filters` holds those of `core.audit.filters`.

    Raises Invalid where the filters would be looked for in the whole log.
    """
    asked = {name for name, value in page.filters.items() if value not in (None, "")}
    slow = next((name for name in SLOW if name in asked), None)
    message = f"Needed with {slow}, or one of {', '.join(FAST[:-1])}; it is in no index."
    require(slow is None or not asked.isdisjoint(FAST), Invalid.field("occurred_from", message))
    return _page(ctx, page.narrow(until_now(ctx.now)), page)


@query
def audit_get(ctx: Context, *, entry_id: UUID) -> Row:
    """One entry as the list shows it."""
    found = entries_of(AuditLog.objects.filter(pk=entry_id))
    if not found:
        raise NotFound
    return found[0]


@query
def record_history(ctx: Context, *, table: str, row_id: UUID, page: PageRequest) -> Page:
    """What happened to one row of `table` and to its lines."""
    return _page(ctx, history_of_row(ctx.now, table, row_id), page)


def until_now(now: datetime) -> QuerySet[AuditLog]:
    """The company's entries, without opening the months to come. Part of a query."""
    found: QuerySet[AuditLog] = AuditLog.objects.filter(id__lt=uuid7_floor(now + DAY))
    return found


def history_of_row(now: datetime, table: str, row_id: UUID) -> QuerySet[AuditLog]:
    """Nothing happens to a row before its id is made, so older months are left alone."""
    found = until_now(now).filter(table__in=[table, *line_tables(table)], row_id=row_id)
    if row_id.version == UUID7:
        found = found.filter(id__gte=uuid7_floor(uuid7_time(row_id) - DAY))
    return found


@cache
def line_tables(table: str) -> list[str]:
    """The tables whose lines are recorded under the rows of `table`."""
    found = []
    for model in apps.get_models():
        declared = declaration_of(model)
        if isinstance(declared, Audited) and declared.under:
            parent: Any = model._meta.get_field(declared.under).related_model
            found += [model._meta.db_table] if parent._meta.db_table == table else []
    return found


def entries_of(rows: QuerySet[AuditLog]) -> list[Row]:
    """Each of these rows as the list shows it. Part of a query."""
    return _shown(list(_columns(rows)))


def _page(ctx: Context, rows: QuerySet[AuditLog], page: PageRequest) -> Page:
    found = page_of(ctx, _columns(rows), LISTED, page)
    found.rows[:] = _shown(found.rows)
    return found


def _columns(rows: QuerySet[AuditLog]) -> QuerySet[AuditLog, Any]:
    erased = Q(personal_digest__isnull=False, personal__isnull=True)
    annotated = rows.annotate(is_erased=ExpressionWrapper(erased, BooleanField()))
    return annotated.values(*COLUMNS)


def _shown(rows: list[Row]) -> list[Row]:
    names = _names({row["actor_id"] for row in rows} - {None})
    return [
        {name: value for name, value in row.items() if name != "personal"}  # its salt is nobody's
        | {"occurred_at": uuid7_time(row["id"]), "actor_name": names.get(row["actor_id"])}
        | sides(row["table"], row["old"], row["new"], row["personal"])
        for row in rows
    ]


def sides(table: str, old: Row | None, new: Row | None, personal: Row | None) -> Row:
    """What was and what became of it, with what is kept apart of persons."""
    apart = personal or {}
    whole = {
        side: {**(kept or {}), **apart.get(side, {})} if side in apart else kept
        for side, kept in (("old", old), ("new", new))
    }
    return {side: values_shown(table, texts) for side, texts in whole.items()}


def _names(user_ids: Iterable[UUID]) -> dict[UUID, str]:
    """Users by id, as they call themselves, or how they log in."""
    users: Any = get_user_model()._default_manager.in_bulk(list(user_ids)) if user_ids else {}
    return {key: user.get_full_name() or user.get_username() for key, user in users.items()}
