"""Doors of beat, to the housekeeping of logins, and of jobs, to the mails."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from celery import shared_task

from core.jobs.keeper import RunningJob
from core.jobs.schedule import ScheduledTask
from core.tenancy.context import Context
from core.tenancy.selectors import tenant_ids
from permissions.services import purges
from permissions.services.invalidation import permission_cache_purge
from permissions.services.link_mails import link_mail_write
from permissions.services.notices import webhook_disabled_tell


@shared_task(base=ScheduledTask)
def sessions_purge_task(**_: Any) -> int:
    return purges.sessions_purge(datetime.now(UTC))


@shared_task(base=ScheduledTask)
def one_time_tokens_purge_task(**_: Any) -> int:
    return purges.one_time_tokens_purge(datetime.now(UTC))


@shared_task(base=ScheduledTask)
def failed_logins_purge_task(**_: Any) -> int:
    return purges.failed_logins_purge(datetime.now(UTC))


@shared_task(base=ScheduledTask)
def mail_counts_purge_task(**_: Any) -> int:
    return purges.mail_counts_purge(datetime.now(UTC))


@shared_task(base=ScheduledTask)
def staff_sessions_purge_task(**_: Any) -> int:
    return purges.staff_sessions_purge(datetime.now(UTC))


@shared_task(base=ScheduledTask)
def permission_cache_purge_task(**_: Any) -> int:
    """Tenant by tenant; returns how many."""
    now = datetime.now(UTC)
    return sum(
        permission_cache_purge(Context(tenant_id, None, now, "beat")) for tenant_id in tenant_ids()
    )


def link_mail_task(ctx: Context, job: RunningJob, *, link_id: str, **_: Any) -> dict[str, str]:
    """What an older release enqueued. Says which mail it has become."""
    return {"mail_id": str(link_mail_write(ctx, link_id=UUID(link_id)).pk)}


def webhook_notice_task(
    ctx: Context, job: RunningJob, *, event_id: str, payload: dict[str, str], **_: Any
) -> dict[str, int]:
    mails = webhook_disabled_tell(
        ctx,
        event_id=UUID(event_id),
        endpoint_id=UUID(payload["endpoint_id"]),
        reason=payload["reason"],
    )
    return {"mails": mails}
