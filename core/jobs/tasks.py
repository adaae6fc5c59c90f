"""Celery's doors: do what there is to do, and the housekeeping."""

from datetime import UTC, datetime
from typing import Any

from celery import shared_task
from django.conf import settings
from kombu.exceptions import OperationalError

from core.jobs.purge import jobs_purge, outbox_purge
from core.jobs.runner import drain
from core.jobs.schedule import ScheduledTask

#: Then others' messages have their turn, and a killed worker is noticed.
SLICE_SECONDS = 2.0


@shared_task(bind=True)
def jobs_work_task(self: Any, **_: Any) -> None:
    """Run jobs until there is none, handing the word on now and then."""
    if drain(SLICE_SECONDS):
        queue = self.request.delivery_info["routing_key"]
        try:
            self.apply_async(queue=queue, retry=False)
        except (OperationalError, OSError):
            return  # the relay sees what is left


@shared_task(base=ScheduledTask)
def outbox_purge_task(**_: Any) -> int:
    return outbox_purge(datetime.now(UTC), awaited=settings.OUTBOX_AWAITED)


@shared_task(base=ScheduledTask)
def jobs_purge_task(**_: Any) -> int:
    return jobs_purge(datetime.now(UTC))
