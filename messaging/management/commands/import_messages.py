from argparse import ArgumentParser
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core.errors import DomainError
from core.tenancy.commands import command_context, company_named
from messaging.management.imports import Bars, stem_of, summary_text
from messaging.services.imports.messages import EARLIEST, FORMATS, Origin, messages_import


class Command(BaseCommand):
    help = (
        "Writes the conversations of a file: JSON Lines, a Slack or a Zulip export. "
        "Run it again to continue; what is there already is left alone. "
        "See docs/import-messages.md."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help=".jsonl, .jsonl.gz, .zip, .tar.gz or a folder")
        parser.add_argument("--tenant", required=True, help="short name of the company")
        parser.add_argument("--format", choices=sorted(FORMATS), default="jsonl")
        parser.add_argument(
            "--name",
            help="tells this source's threads, messages and people from another's; "
            "default: the format, for JSON Lines the file's name",
        )
        parser.add_argument(
            "--earliest",
            type=day,
            default=EARLIEST,
            help="messages from before this day are refused; default: 2000-01-01",
        )
        parser.add_argument(
            "--report",
            type=Path,
            help="CSV of what was refused, set aside or not kept whole; "
            "default: <file>-refused.csv in the working directory",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        path, form = Path(options["file"]), options["format"]
        report = Path(options["report"] or f"{stem_of(path)}-refused.csv")
        name = options["name"] or (stem_of(path) if form == "jsonl" else form)
        ctx = command_context(company_named(options["tenant"]).id, "import_messages")
        origin = Origin(path, form, name, options["earliest"])
        try:
            with Bars(hidden=options["verbosity"] == 0) as bars:
                summary = messages_import(ctx, origin=origin, report_path=report, progress=bars)
        except DomainError as error:
            raise CommandError(error.message) from error
        if options["verbosity"] > 0:
            self.stdout.write(summary_text(summary, report))


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
