"""Beat's door."""

from datetime import UTC, datetime
from typing import Any

from celery import shared_task

from core.jobs.schedule import ScheduledTask
from core.webhooks.services.deliveries import deliveries_purge


@shared_task(base=ScheduledTask)
def webhook_deliveries_purge_task(**_: Any) -> int:
    return deliveries_purge(datetime.now(UTC))
