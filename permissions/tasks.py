"""Beat's door to the housekeeping of logins."""

from datetime import UTC, datetime
from typing import Any

from celery import shared_task

from core.tenancy.context import Context
from core.tenancy.selectors import tenant_ids
from permissions.services import purges
from permissions.services.invalidation import permission_cache_purge


@shared_task
def sessions_purge_task(**_: Any) -> int:
    return purges.sessions_purge(datetime.now(UTC))


@shared_task
def one_time_tokens_purge_task(**_: Any) -> int:
    return purges.one_time_tokens_purge(datetime.now(UTC))


@shared_task
def failed_logins_purge_task(**_: Any) -> int:
    return purges.failed_logins_purge(datetime.now(UTC))


@shared_task
def mail_counts_purge_task(**_: Any) -> int:
    return purges.mail_counts_purge(datetime.now(UTC))


@shared_task
def staff_sessions_purge_task(**_: Any) -> int:
    return purges.staff_sessions_purge(datetime.now(UTC))


@shared_task
def permission_cache_purge_task(**_: Any) -> int:
    """Tenant by tenant; returns how many."""
    now = datetime.now(UTC)
    return sum(
        permission_cache_purge(Context(tenant_id, None, now, "beat")) for tenant_id in tenant_ids()
    )
