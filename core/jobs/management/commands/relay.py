"""`relay`: wakes workers when there is something to do, and stands in for a broker that is away."""

from typing import Any

from django.core.management.base import BaseCommand

from core.jobs.relay import Relay
from core.jobs.stopping import told_to_stop


class Command(BaseCommand):
    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        Relay(should_stop=told_to_stop()).run()
