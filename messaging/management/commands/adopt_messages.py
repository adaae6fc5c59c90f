from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core.errors import DomainError
from core.tenancy.commands import command_context, company_named
from messaging.management.commands.import_messages import day
from messaging.management.imports import Bars, summary_text
from messaging.services.imports.adoption import Adopted, Adoption, table_adopt, table_examine
from messaging.services.imports.messages import EARLIEST


class Command(BaseCommand):
    help = (
        "Takes over a table of messages with readBy and reactions in jsonb: copies it out of "
        "sight, compares every thread, and only then shows the threads. Run it again to "
        "continue. See docs/import-messages.md."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--tenant", required=True, help="short name of the company")
        parser.add_argument(
            "--source-dsn", default="", help="where the table is; default: this database"
        )
        parser.add_argument("--table", default="thread_messages", help="a table or a view")
        parser.add_argument(
            "--name", help="tells this table's rows from another's; default: the table's name"
        )
        parser.add_argument("--earliest", type=day, default=EARLIEST, help="default: 2000-01-01")
        parser.add_argument(
            "--accept-refused",
            action="store_true",
            help="show the threads although some rows could not be taken over",
        )
        parser.add_argument(
            "--messages-only",
            action="store_true",
            help="leave receipts and reactions to migrate_readby_to_normalized() and "
            "migrate_reactions_to_normalized()",
        )
        parser.add_argument(
            "--rename-to",
            default="",
            metavar="NAME",
            help="keep writers out at the end, and give the old table this name; needs its owner",
        )
        parser.add_argument("--dry-run", action="store_true", help="write nothing but the report")
        parser.add_argument(
            "--report", type=Path, help="CSV; default: <table>-refused.csv in the directory"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        table = options["table"]
        report = Path(options["report"] or f"{table}-refused.csv")
        ctx = command_context(company_named(options["tenant"]).id, "adopt_messages")
        adoption = Adoption(
            dsn=options["source_dsn"],
            table=table,
            name=options["name"] or table,
            earliest=options["earliest"],
            accepts_refused=options["accept_refused"],
            with_children=not options["messages_only"],
            rename_to=options["rename_to"],
        )
        try:
            if options["dry_run"]:
                adopted = table_examine(ctx, adoption=adoption, report_path=report)
            else:
                with Bars(hidden=options["verbosity"] == 0) as bars:
                    adopted = table_adopt(ctx, adoption=adoption, report_path=report, progress=bars)
        except DomainError as error:
            raise CommandError(error.message) from error
        if options["verbosity"] > 0:
            self.stdout.write(adopted_text(adopted, report))


def adopted_text(adopted: Adopted, report: Path) -> str:
    text = [summary_text(adopted.summary, report)]
    if adopted.is_shown:
        same = adopted.compared
        text.append(
            f"equal in {adopted.threads:,} threads: {same.messages:,} messages, "
            f"{same.replies:,} replies, {same.receipts:,} receipts, {same.reactions:,} reactions"
        )
        text.append(f"shown: {adopted.shown:,} participants brought in")
    else:
        text.append("dry run: nothing was written")
    return "\n".join(text)
