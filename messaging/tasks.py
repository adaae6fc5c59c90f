"""Beat's door to what conversations forget."""

from datetime import UTC, datetime
from typing import Any

from celery import shared_task

from core.jobs.schedule import ScheduledTask
from core.tenancy.context import Context
from core.tenancy.selectors import tenant_ids
from messaging.services.settings import messages_forget


@shared_task(base=ScheduledTask)
def messages_expire_task(**_: Any) -> int:
    """Tenant by tenant; returns how many messages it deleted."""
    now = datetime.now(UTC)
    return sum(messages_forget(Context(tenant_id, None, now, "beat")) for tenant_id in tenant_ids())
