"""Housekeeping: what was exported is forgotten, company by company, when its file is."""

from datetime import datetime

from core.exports.models import Export
from core.exports.services import EXPORTS_KEPT
from core.tenancy.batches import purge_tenants
from core.tenancy.context import Context
from core.tenancy.transactions import command

BATCH_SIZE = 1_000


def exports_purge(moment: datetime) -> int:
    """How many."""
    return purge_tenants(moment, _batch, size=BATCH_SIZE)


@command
def _batch(ctx: Context) -> int:
    old = Export.objects.filter(created_at__lt=ctx.now - EXPORTS_KEPT).order_by("created_at")
    keys = list(old.values_list("pk", flat=True)[:BATCH_SIZE])
    return int(Export.objects.filter(pk__in=keys).delete()[0]) if keys else 0
