from datetime import UTC, date, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from core.errors import DomainError
from core.partitions.restore import partitions_restore


def month(text: str) -> date:
    """`2026-11`."""
    return datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC).date()


class Command(BaseCommand):
    help = (
        "Brings a dropped month back: all tables of one family, such as `messaging 2026-11`. "
        "Months that are there are left alone, so it can be run again."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("family", help="the family that an app declared, such as messaging")
        parser.add_argument("month", type=month, help="year and month, such as 2026-11")

    def handle(self, *args: Any, **options: Any) -> None:
        with tqdm(desc="rows", unit="row", delay=1.0, disable=options["verbosity"] == 0) as bar:
            try:
                restored = partitions_restore(
                    family=options["family"],
                    month=options["month"],
                    moment=datetime.now(UTC),
                    progress=bar.update,
                )
            except DomainError as refusal:
                raise CommandError(refusal.message) from refusal
        for partition, rows in restored.items():
            self.stdout.write(f"{partition}: {rows} rows were missing and are back.")
