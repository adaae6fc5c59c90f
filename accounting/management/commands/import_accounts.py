from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from accounting.management.imports import ImportCommand
from accounting.services.imports.accounts import accounts_import
from accounting.services.imports.report import Progress, Summary
from core.tenancy.context import Context


class Command(ImportCommand):
    help = (
        "Makes the accounts of one chart (chart, code, name, type, parent, is_group). "
        "Accounts that are there already are left alone."
    )
    noun = "accounts"

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--chart", default="", help="as the file names it; without, the file's charts are shown"
        )

    def load(
        self, ctx: Context, path: Path, report: Path, progress: Progress, options: dict[str, Any]
    ) -> Summary:
        return accounts_import(
            ctx, path=path, chart=options["chart"], report_path=report, progress=progress
        )
