import sys
from argparse import ArgumentParser
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from core.mail.bounces import REPORT_BYTES_MAX, bounce_record, reports_in


class Command(BaseCommand):
    help = (
        "Notes on mails that they could not be delivered, out of the reports in a file, an mbox "
        "or a Maildir, or of one report at standard input."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", type=Path, nargs="?", help="default: standard input")

    def handle(self, *args: Any, **options: Any) -> None:
        path, now = options["path"], datetime.now(UTC)
        reports = reports_in(path) if path else [sys.stdin.buffer.read(REPORT_BYTES_MAX)]
        news = [bounce_record(now, report) for report in reports]
        self.stdout.write(f"{len(news)} read, {sum(news)} bounces noted")
