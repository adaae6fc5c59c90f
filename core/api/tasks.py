"""Beat's door to the housekeeping of the API's tables."""

from datetime import UTC, datetime
from typing import Any

from celery import shared_task

from core.api.idempotency import idempotency_keys_purge
from core.jobs.schedule import ScheduledTask
from core.tenancy.context import Context
from core.tenancy.selectors import tenant_ids


@shared_task(base=ScheduledTask)
def idempotency_keys_purge_task(**_: Any) -> int:
    """Forget expired answers, tenant by tenant; returns how many."""
    now = datetime.now(UTC)
    return sum(
        idempotency_keys_purge(Context(tenant_id, None, now, "beat")) for tenant_id in tenant_ids()
    )
