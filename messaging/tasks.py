"""Beat's door to what conversations forget."""

from datetime import UTC, datetime
from typing import Any

from celery import shared_task

from core.tenancy.context import Context
from core.tenancy.selectors import tenant_ids
from messaging.services.settings import messages_expire

#: Messages of one transaction, and transactions of one company in one run: the first run after
#: a company decides to forget takes as many days as it needs.
BATCH, BATCHES_MAX = 1_000, 50


@shared_task
def messages_expire_task(**_: Any) -> int:
    """Tenant by tenant; returns how many messages it deleted."""
    now = datetime.now(UTC)
    return sum(_expire(Context(tenant_id, None, now, "beat")) for tenant_id in tenant_ids())


def _expire(ctx: Context) -> int:
    total = 0
    for _ in range(BATCHES_MAX):
        expired = messages_expire(ctx, limit=BATCH)
        total += expired
        if expired < BATCH:
            break
    return total
