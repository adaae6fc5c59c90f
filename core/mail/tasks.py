"""Doors: of jobs, to the mail server, and of beat, to the housekeeping."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from celery import shared_task

from core.jobs.keeper import RunningJob
from core.jobs.schedule import ScheduledTask
from core.mail.purge import mails_purge
from core.mail.services import mail_deliver
from core.tenancy.context import Context


def mail_deliver_task(ctx: Context, job: RunningJob, *, mail_id: str, **_: Any) -> dict[str, str]:
    """Says what became of the mail."""
    return {"state": mail_deliver(ctx, mail_id=UUID(mail_id))}


@shared_task(base=ScheduledTask)
def mails_purge_task(**_: Any) -> int:
    return mails_purge(datetime.now(UTC))
