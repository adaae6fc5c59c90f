"""`work`: runs jobs one after the other without a broker, until it is told to stop."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from core.jobs.polling import PollingWorker
from core.jobs.stopping import told_to_stop


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--child-of", type=int, metavar="PID", help="end with this process, which started it"
        )
        parser.add_argument("--once", action="store_true", help="end when nothing is left to do")

    def handle(self, *args: Any, **options: Any) -> None:
        worker = PollingWorker(should_stop=told_to_stop(), parent=options["child_of"])
        if options["once"]:
            self.stdout.write(f"{worker.run_until_idle()} jobs")
        else:
            worker.run()
