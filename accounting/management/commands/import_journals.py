from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from accounting.management.imports import ImportCommand, stem_of
from accounting.services.imports.journals import LedgerFile, journals_import
from accounting.services.imports.report import Progress, Summary
from core.tenancy.context import Context


class Command(ImportCommand):
    help = (
        "Books the transactions of a flat ledger (txn, date, account, amount, currency, ...; one "
        "row a posting, positive is debit) and makes the accounts that they name. "
        "Run it again to continue; what is booked already is left alone."
    )
    noun = "transactions"

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--name",
            help="tells this ledger's transactions from another's: their reference is "
            "<name>:<txn>; default: the file's name",
        )

    def load(
        self, ctx: Context, path: Path, report: Path, progress: Progress, options: dict[str, Any]
    ) -> Summary:
        ledger = LedgerFile(path, options["name"] or stem_of(path))
        return journals_import(ctx, ledger=ledger, report_path=report, progress=progress)
