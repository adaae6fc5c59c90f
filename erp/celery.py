"""The Celery application of workers and beat."""

import logging
import os

from celery import Celery
from celery.signals import setup_logging
from kombu.entity import Queue

from erp.schedule import SCHEDULE

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "erp.settings")

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
