"""`deliver_webhooks`: sends events where companies want them, until it is told to stop."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from core.jobs.stopping import told_to_stop
from core.webhooks.deliverer import Deliverer


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="end when nothing is due")

    def handle(self, *args: Any, **options: Any) -> None:
        deliverer = Deliverer(should_stop=told_to_stop())
        if options["once"]:
            self.stdout.write(f"{deliverer.run_until_idle()} attempts")
        else:
            deliverer.run()
