from datetime import UTC, datetime
from typing import Any

from celery import shared_task

from core.files.purge import files_purge, orphans_purge
from core.jobs.schedule import ScheduledTask


@shared_task(base=ScheduledTask)
def files_purge_task(**_: Any) -> int:
    return files_purge(datetime.now(UTC))


@shared_task(base=ScheduledTask)
def orphans_purge_task(**_: Any) -> int:
    return orphans_purge(datetime.now(UTC))
