"""Import of accounts: one chart out of a file of many. Their meaning is in `charts`."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

from accounting.models import Account, CompanySettings
from accounting.services.imports.charts import COLUMNS, Chart, ChartRow, ExistingAccounts
from accounting.services.imports.report import Progress, Refused, Report, Summary, no_progress
from accounting.services.imports.sources import Row, Source
from accounting.services.reference import accounts_create
from core.imports import SourceUnusable
from core.tenancy.context import Context
from core.tenancy.transactions import command

ACCOUNT = "account"


def accounts_import(
    ctx: Context, *, path: Path, chart: str, report_path: Path, progress: Progress = no_progress
) -> Summary:
    """Make every account of `chart` that the company does not have yet, all or none.

    An account that is there already stays as it is; where it has the code but
    another name, the report says so. Raises SourceUnusable, with the charts that
    the file has when `chart` is none of them.
    """
    started = perf_counter()
    summary = Summary()
    with Source(path, COLUMNS) as source, Report(report_path, summary) as report:
        rows = list(_rows(source, chart, report))
        if not rows:
            raise SourceUnusable(_available(path))
        wanted = list(_wanted(rows, report))
        booked = chart_book(ctx, wanted=wanted)
        for row in booked.new:
            summary.book(ACCOUNT, len(row.rows))
        for row in booked.known:
            summary.known.add(len(row.rows))
        for row, taken_by in booked.taken:
            report.set_aside(row.reference, row.rows, f"its code is that of {taken_by!r}")
        progress(source.bytes_total, summary.lines)
    summary.seconds = perf_counter() - started
    return summary


class Booked(NamedTuple):
    """What became of the rows; `taken` codes are those of an account of that other name."""

    new: list[ChartRow]
    known: list[ChartRow]
    taken: list[tuple[ChartRow, str]]


@command
def chart_book(ctx: Context, *, wanted: Sequence[ChartRow]) -> Booked:
    """Make the accounts of these rows that are missing. Locks as `retail_book` does."""
    CompanySettings.objects.select_for_update().get()
    existing = ExistingAccounts(Account.objects.all())
    outcome = Booked([], [], [])
    for row in wanted:
        row.account = found = existing.find(row)
        if found is None:
            row.account = existing.make(row)
            outcome.new.append(row)
        elif found.name == row.name:
            outcome.known.append(row)
        else:
            outcome.taken.append((row, found.name))
    accounts_create(ctx, accounts=[row.account for row in outcome.new if row.account])
    return outcome


def _rows(source: Source, chart: str, report: Report) -> Iterator[Row]:
    for item in source.rows():
        if not isinstance(item, Row):
            report.refuse_stretch(item)
        elif item.cells[0] == chart:
            yield item


def _wanted(rows: Sequence[Row], report: Report) -> Iterator[ChartRow]:
    chart = Chart()
    for row in rows:
        try:
            yield chart.add(row)
        except Refused as error:
            report.refuse(row.cells[1] or row.cells[2], [row], error)


def _available(path: Path) -> str:
    """The charts of the file, with their accounts counted."""
    with Source(path, COLUMNS) as source:
        charts = Counter(item.cells[0] for item in source.rows() if isinstance(item, Row))
    listed = "\n".join(f"  {name}  ({accounts:,} accounts)" for name, accounts in charts.items())
    return f"Name one of these with --chart:\n{listed}"
