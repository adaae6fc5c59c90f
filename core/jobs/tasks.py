"""Beat's door to the housekeeping of the outbox."""

from datetime import UTC, datetime
from typing import Any

from celery import shared_task
from django.conf import settings

from core.jobs.purge import outbox_purge


@shared_task
def outbox_purge_task(**_: Any) -> int:
    return outbox_purge(datetime.now(UTC), awaited=settings.OUTBOX_AWAITED)
