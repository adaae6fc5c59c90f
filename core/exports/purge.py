"""Housekeeping: what was exported is forgotten, company by company, when its file is."""

from datetime import datetime

from core.exports.models import Export
from core.exports.services import EXPORTS_KEPT
from core.tenancy.context import Context
from core.tenancy.selectors import tenant_ids
from core.tenancy.transactions import command

BATCH_SIZE = 1_000
#: Of one company and run; the next one goes on.
BATCHES_MAX = 100


def exports_purge(moment: datetime) -> int:
    """How many."""
    return sum(_purge(Context(tenant_id, None, moment, "beat")) for tenant_id in tenant_ids())


def _purge(ctx: Context) -> int:
    deleted = 0
    for _ in range(BATCHES_MAX):
        count = _batch(ctx)
        deleted += count
        if count < BATCH_SIZE:
            break
    return deleted


@command
def _batch(ctx: Context) -> int:
    old = Export.objects.filter(created_at__lt=ctx.now - EXPORTS_KEPT).order_by("created_at")
    keys = list(old.values_list("pk", flat=True)[:BATCH_SIZE])
    return int(Export.objects.filter(pk__in=keys).delete()[0]) if keys else 0
