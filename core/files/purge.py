"""Housekeeping: files that have ended, and bytes whose row never came."""

from datetime import datetime, timedelta
from uuid import UUID

from core.files.models import StoredFile
from core.files.storage import content_delete, contents_of
from core.tenancy.context import Context
from core.tenancy.selectors import tenant_ids
from core.tenancy.transactions import command, query

#: Longer than any transaction takes.
ORPHANS_LEFT = timedelta(days=1)
#: Days that are searched for orphans: each often enough, should beat rest for a while.
DAYS_SEARCHED = 7
BATCH_SIZE = 500
#: Of one company and run; the next one goes on.
BATCHES_MAX = 100


def files_purge(moment: datetime) -> int:
    """Delete what has ended, bytes and row; how many.

    The bytes go first: nobody is given them any more, and the row remembers them until
    they are gone.
    """
    contexts = (Context(tenant_id, None, moment, "beat") for tenant_id in tenant_ids())
    return sum(_purge(ctx) for ctx in contexts)


def orphans_purge(moment: datetime) -> int:
    """Delete bytes that no row names, of days that are over for a day; how many."""
    deleted = 0
    last = (moment - ORPHANS_LEFT).date() - timedelta(days=1)
    for number in range(DAYS_SEARCHED):
        for tenant_id, keys in contents_of(last - timedelta(days=number)):
            ctx = Context(tenant_id, None, moment, "beat")
            for start in range(0, len(keys), BATCH_SIZE):
                some = keys[start : start + BATCH_SIZE]
                for key in set(some) - _named(ctx, keys=some):
                    content_delete(key)
                    deleted += 1
    return deleted


def _purge(ctx: Context) -> int:
    deleted = 0
    for _ in range(BATCHES_MAX):
        ended = _ended(ctx)
        for _, key in ended:
            content_delete(key)
        _forget(ctx, file_ids=[file_id for file_id, _ in ended])
        deleted += len(ended)
        if len(ended) < BATCH_SIZE:
            break
    return deleted


@query
def _ended(ctx: Context) -> list[tuple[UUID, str]]:
    ended = StoredFile.objects.filter(expires_at__lte=ctx.now).order_by("expires_at")
    return list(ended.values_list("id", "key")[:BATCH_SIZE])


@command
def _forget(ctx: Context, *, file_ids: list[UUID]) -> None:
    StoredFile.objects.filter(pk__in=file_ids).delete()


@query
def _named(ctx: Context, *, keys: list[str]) -> set[str]:
    return set(StoredFile.objects.filter(key__in=keys).values_list("key", flat=True))
