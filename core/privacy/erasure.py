"""What is the same whenever a person is erased: the log, kept answers, rows that only name him.

Books and conversations stay as they are; what says who somebody was goes. Each app's own
service empties the person's own row, and calls these.
"""

from collections.abc import Iterable
from dataclasses import replace
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from core.api.idempotency import answers_forget
from core.audit.models import AuditLog
from core.json import dumps
from core.privacy.register import Fate, PersonalData, has_tenant, persons
from core.tenancy.context import PLATFORM, Context
from core.tenancy.fields import is_tenant_model
from core.tenancy.transactions import command, say_again, tenant_cursor

#: Rows of one transaction.
BATCH_SIZE = 5_000
TIME_SQL = (
    "SELECT set_config('statement_timeout', '60s', true),"
    " set_config('transaction_timeout', '60s', true)"
)


class Ground(StrEnum):
    """Why a person is erased. No free text: it would stay in the log, with whatever it says.

    Source: Regulation (EU) 2016/679, article 17 (1).
    """

    REQUESTED = "requested"
    NO_LONGER_NEEDED = "no_longer_needed"
    CONSENT_WITHDRAWN = "consent_withdrawn"
    UNLAWFUL = "unlawful"


GROUNDS = {
    Ground.REQUESTED: "The person asked for it",
    Ground.NO_LONGER_NEEDED: "The data are no longer needed",
    Ground.CONSENT_WITHDRAWN: "The person withdrew the consent",
    Ground.UNLAWFUL: "The data should never have been kept",
}


def ground_say(ctx: Context, ground: Ground, operation: str) -> None:
    """Part of a command: from here on the log says this reason, in place of the caller's own."""
    say_again(replace(ctx, reason=f"erased: {ground}"), operation)


def take_time() -> None:
    """Part of a command or query: not every table that names a person has an index for it, which
    would cost each of its writes; the few who ask wait up to a minute instead.
    """
    with tenant_cursor() as cursor:
        cursor.execute(TIME_SQL, [])


def log_erase(ctx: Context, *, table: str, row_ids: Iterable[UUID]) -> int:
    """Part of a command: empty what the log holds of persons in these rows; how many entries.

    Of the transaction's company only. The marks go on to prove the rest.
    """
    wanted = sorted(set(row_ids))
    if not wanted:
        return 0
    with tenant_cursor() as cursor:
        cursor.execute("SELECT audit_erase(%s, %s::uuid[])", [table, wanted])
        [erased] = cursor.fetchone()
    return int(erased)


def answers_of_person_forget(ctx: Context, ids: Iterable[UUID], values: Iterable[str]) -> int:
    """Part of a command: kept answers that name one of `ids` and say one of `values`."""
    said = [dumps(value)[1:-1] for value in values if value]
    return answers_forget(ctx, ids=[str(one).encode() for one in ids], said=said)


def rows_forget(ctx: Context, *, kind: str, person_id: UUID, email: str = "") -> int:
    """Delete and unlink what the register says, in the company of `ctx`; how many rows.

    In transactions of their own, because there may be many; said again, it goes on.
    Where `ctx` is the platform's, those tables that belong to no company.
    """
    count = 0
    for entry in persons(kind):
        if entry.fate in (Fate.DELETED, Fate.UNLINKED) and belongs(ctx, entry):
            person: Any = email if entry.by_email else person_id
            while (batch := _rows_forget(ctx, entry=entry, person=person)) == BATCH_SIZE:
                count += batch
            count += batch
            if entry.logged_columns:
                _log_forget(ctx, entry=entry, person_id=person_id)
    return count


def belongs(ctx: Context, entry: PersonalData) -> bool:
    """Whether this transaction is about these rows: the platform's, or a company's."""
    return entry.on_platform == (ctx.tenant_id == PLATFORM)


def rows_of(ctx: Context, entry: PersonalData, person: Any) -> "QuerySet[Any]":
    """Part of a query: the rows of a person that this transaction's company may know of."""
    found = entry.model._default_manager.filter(**{entry.person: person})
    if has_tenant(entry.model) and not is_tenant_model(entry.model):
        found = found.filter(tenant=ctx.tenant_id)
    return found


@command
def _rows_forget(ctx: Context, *, entry: PersonalData, person: Any) -> int:
    rows = rows_of(ctx, entry, person)
    ids = list(rows.order_by("pk").values_list("pk", flat=True)[:BATCH_SIZE])
    if not ids:
        return 0
    # As a range, which leaves the other months alone; the person is what makes them his.
    batch = rows.filter(pk__gte=ids[0], pk__lte=ids[-1])
    if entry.fate is Fate.UNLINKED:
        batch.update(**{entry.person: None})
    else:
        batch.delete()
        if entry.logged_columns:
            log_erase(ctx, table=entry.table, row_ids=ids)
    return len(ids)


@command
def _log_forget(ctx: Context, *, entry: PersonalData, person_id: UUID) -> int:
    """The same for rows that are long gone: what he made himself, the log still tells of."""
    take_time()
    his = AuditLog.objects.filter(actor_id=person_id, table=entry.table, personal__isnull=False)
    ids = his.exclude(row_id=None).values_list("row_id", flat=True).distinct()
    return log_erase(ctx, table=entry.table, row_ids=ids)
