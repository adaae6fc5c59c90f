"""Beat's door to the maintenance of partitions."""

from datetime import UTC, datetime
from typing import Any

from celery import shared_task

from core.jobs.schedule import ScheduledTask
from core.partitions.services import partitions_maintain

#: An archive takes as long as it has rows. Delivered twice, the second one finds the first at work.
LIMIT_SECONDS = 3 * 3600


@shared_task(base=ScheduledTask, soft_time_limit=LIMIT_SECONDS, time_limit=LIMIT_SECONDS + 60)
def partitions_maintain_task(**_: Any) -> int:
    """Months ahead, archives, and what is past its retention; returns how many were made."""
    return len(partitions_maintain(moment=datetime.now(UTC)).created)
