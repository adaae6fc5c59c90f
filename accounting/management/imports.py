"""What the import commands share: their arguments, the progress bar, the summary."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounting.services.imports.report import Progress, Summary
from core.errors import DomainError
from core.tenancy.commands import command_context, company_named, progress_bar
from core.tenancy.context import Context


class ImportCommand(BaseCommand):
    """A door: subclasses say which service runs, in `load`."""

    noun = ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="a .csv or .csv.gz")
        parser.add_argument("--tenant", required=True, help="short name of the company")
        parser.add_argument(
            "--report",
            type=Path,
            help="CSV of the rows that were refused or set aside; "
            "default: <file>-refused.csv in the working directory",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        path = Path(options["file"])
        report = Path(options["report"] or f"{stem_of(path)}-refused.csv")
        name = self.__module__.rpartition(".")[2]
        ctx = command_context(company_named(options["tenant"]).id, name)
        try:
            with _bar(path, self.noun, hidden=options["verbosity"] == 0) as bar:
                summary = self.load(ctx, path, report, _progress(bar), options)
        except DomainError as error:
            raise CommandError(error.message) from error
        if options["verbosity"] > 0:
            self.stdout.write(summary_text(summary, self.noun, report))

    def load(
        self, ctx: Context, path: Path, report: Path, progress: Progress, options: dict[str, Any]
    ) -> Summary:
        raise NotImplementedError


def stem_of(path: Path) -> str:
    """`books` of `data/books.csv.gz`."""
    return path.name.removesuffix(".gz").removesuffix(".csv")


def summary_text(summary: Summary, noun: str, report: Path) -> str:
    """A table of where the rows went."""
    tallies = {
        **{f"booked: {kind}": tally for kind, tally in summary.booked.items()},
        "known already": summary.known,
        "set aside": summary.set_aside,
        "refused": summary.refused,
    }
    text = [f"{'':<22} {noun:>12} {'lines':>9} {'amount':>16}"]
    text += [
        f"{name:<22} {tally.records:>12,} {tally.lines:>9,} {tally.amount:>16,.2f}"
        for name, tally in tallies.items()
    ]
    text += [f"created: {count:,} {what}" for what, count in summary.created.items()]
    if summary.rounded_lines:
        text.append(f"rounded: {summary.rounded_lines:,} lines, by {summary.rounding} in all")
    if summary.set_aside.records or summary.refused.records:
        text.append(f"report: {report}")
    text.append(f"{summary.seconds:.1f} s, {summary.lines_per_second:,.0f} lines/s")
    return "\n".join(text)


def _bar(path: Path, noun: str, *, hidden: bool) -> Any:
    """Counts bytes of the file, because its lines are not known before the end."""
    total = path.stat().st_size if path.is_file() else None
    return progress_bar(total=total, unit="B", unit_scale=True, desc=noun, disable=hidden)


def _progress(bar: Any) -> Progress:
    def advance(bytes_read: int, lines: int) -> None:
        bar.set_postfix_str(f"{lines:,} lines", refresh=False)
        bar.update(bytes_read - bar.n)

    return advance
