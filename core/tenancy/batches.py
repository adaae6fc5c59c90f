"""Housekeeping of tenants' tables: company by company, a batch a transaction, with an end."""

from collections.abc import Callable
from datetime import datetime

from core.tenancy.context import Context
from core.tenancy.selectors import tenant_ids

#: Of one run and company; the next one goes on.
BATCHES_MAX = 100


def purge_tenants(moment: datetime, batch: Callable[[Context], int], *, size: int) -> int:
    """Call `batch`, a command, for each company until it does less than `size`; how much it did."""
    contexts = (Context(tenant_id, None, moment, "beat") for tenant_id in tenant_ids())
    return sum(_purge(ctx, batch, size) for ctx in contexts)


def _purge(ctx: Context, batch: Callable[[Context], int], size: int) -> int:
    deleted = 0
    for _ in range(BATCHES_MAX):
        count = batch(ctx)
        deleted += count
        if count < size:
            break
    return deleted
