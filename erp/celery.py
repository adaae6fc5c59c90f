"""The Celery application of workers and beat."""

import logging
import os

from billiard import pool
from celery import Celery
from celery.signals import setup_logging
from kombu.entity import Queue

from erp.schedule import SCHEDULE

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "erp.settings")

# A child that is told to stop waits, in tenths of a second, until its parent has read its last
# answer, which a parent that is stopping itself may never do: it was half a minute, one time in
# twelve. What our tasks answer means nothing, and a message that is not acknowledged only wakes.
pool.GUARANTEE_MESSAGE_CONSUMPTION_RETRY_LIMIT = 10

app = Celery("erp")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.task_queues = [Queue(name) for name in ("high", "normal", "low")]
app.conf.beat_schedule = SCHEDULE
app.autodiscover_tasks()  # of every installed app: a list forgot one, twice


@setup_logging.connect
def keep_our_logging(**_: object) -> None:
    """Celery would replace the JSON lines with its own format."""
    from django.conf import settings

    from core.ops.logs import configure

    configure(settings.LOGGING)
    # Two lines for each message, of which most say only that somebody was woken.
    for name in ("celery.worker.strategy", "celery.app.trace"):
        logging.getLogger(name).setLevel(logging.WARNING)
