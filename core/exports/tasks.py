"""Doors of the job, and of beat."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from celery import shared_task

from core.exports.purge import exports_purge
from core.exports.running import export_run
from core.jobs.keeper import RunningJob
from core.jobs.schedule import ScheduledTask
from core.tenancy.context import Context


def export_task(ctx: Context, job: RunningJob, *, export_id: str, **_: Any) -> Any:
    return export_run(ctx, job, export_id=UUID(export_id))


@shared_task(base=ScheduledTask)
def exports_purge_task(**_: Any) -> int:
    return exports_purge(datetime.now(UTC))
