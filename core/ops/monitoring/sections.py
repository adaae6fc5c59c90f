"""How each view is shown in the console: a table of its first rows, and bars of the largest."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.template.defaultfilters import filesizeformat

from core.ops.monitoring.selectors import Row, view_rows
from core.tenancy.admin import Column, Table

ROWS_MAX = 50
BARS_MAX = 10
BAR_HEIGHT = 16
BAR_WIDTH = 480
STATEMENT_MAX = 300


@dataclass(frozen=True, slots=True)
class Part:
    """What a bar is made of, the stronger colour first."""

    name: str
    column: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A column of a section: title, how to read it off a row, and whether it is a number."""

    title: str
    cell: Callable[[Row], Any]
    is_amount: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """One view on the page. Bars are of `label`, as long as their parts together."""

    view: str
    title: str
    hint: str
    shown: Sequence[Shown]
    label: str = "table_name"
    parts: Sequence[Part] = ()


@dataclass(frozen=True, slots=True)
class Bar:
    label: str
    y: int
    strong: int
    weak: int
    title: str


@dataclass(frozen=True, slots=True)
class Drawn:
    """A section with its rows."""

    section: Section
    table: Table
    bars: Sequence[Bar]

    @property
    def height(self) -> int:
        return BAR_HEIGHT * len(self.bars)

    @property
    def legend(self) -> str:
        return ", ".join(part.name for part in self.section.parts)


def drawn(section: Section) -> Drawn:
    """Asks for its view. Raises MonitoringUnavailable."""
    rows = view_rows(section.view, limit=ROWS_MAX)
    cells = [[_text(shown.cell(row)) for shown in section.shown] for row in rows]
    columns = [Column(shown.title, shown.is_amount) for shown in section.shown]
    table = Table(section.title, columns, cells, link=section.hint)
    return Drawn(section, table, _bars(section, rows))


def _bars(section: Section, rows: list[Row]) -> list[Bar]:
    if not section.parts:
        return []
    amounts = [
        (str(row[section.label]), [float(row[part.column] or 0) for part in section.parts])
        for row in rows
    ]
    largest = sorted((pair for pair in amounts if sum(pair[1])), key=lambda pair: -sum(pair[1]))
    largest = largest[:BARS_MAX]
    scale = BAR_WIDTH / sum(largest[0][1]) if largest else 0
    return [
        Bar(
            label=label,
            y=BAR_HEIGHT * index,
            strong=round(values[0] * scale),
            weak=round(sum(values[1:]) * scale),
            title=", ".join(
                f"{value:,.10g} {part.name}"
                for value, part in zip(values, section.parts, strict=True)
            ),
        )
        for index, (label, values) in enumerate(largest)
    ]


def _text(value: Any) -> Any:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, list | tuple):
        return ", ".join(str(item) for item in value) or "-"
    if isinstance(value, str) and len(value) > STATEMENT_MAX:
        return f"{value[:STATEMENT_MAX]} …"
    return value


def _plain(title: str, column: str) -> Shown:
    return Shown(title, lambda row: row[column])


def _amount(title: str, column: str) -> Shown:
    return Shown(title, lambda row: row[column], is_amount=True)


def _bytes(title: str, *columns: str) -> Shown:
    def cell(row: Row) -> Any:
        sizes = [row[column] for column in columns]
        return None if None in sizes else filesizeformat(sum(sizes))

    return Shown(title, cell, is_amount=True)


def _whom(row: Row) -> str:
    name = row["blocker_application"] or row["blocker_role"] or "gone"
    return f"{row['blocker']} ({name}, {row['blocker_state'] or 'no session'})"


def _finding(row: Row) -> str:
    """What is wrong with an index, in words; nothing for most."""
    found = [
        f"duplicate of {row['duplicate_of']}" if row["duplicate_of"] else "",
        f"covered by {row['covered_by']}" if row["covered_by"] else "",
        "unused" if row["is_unused"] else "",
        "bloated" if row["is_bloated"] else "",
        "" if row["is_valid"] else "invalid",
    ]
    return ", ".join(filter(None, found))


#: What pg_stat_statements counts, of one statement or of those of a table.
COUNTED = (
    _amount("Calls", "calls"),
    _amount("Total, ms", "total_ms"),
    _amount("Mean, ms", "mean_ms"),
    _amount("Longest, ms", "max_ms"),
    _amount("Rows", "rows_affected"),
    _amount("Of all time, %", "share"),
)
LOCKS = Section(
    view="v_locks",
    title="Who waits for whom",
    hint="at this moment",
    shown=(
        Shown("Waits", lambda row: f"{row['pid']} ({row['application'] or row['role']})"),
        _amount("For, s", "waiting_seconds"),
        Shown("Lock", lambda row: f"{row['lock_type']}, {row['lock_mode']}"),
        _plain("On", "relation"),
        _plain("Its statement", "statement"),
        Shown("For whom", _whom),
        _amount("Whose transaction runs, s", "blocker_transaction_seconds"),
        _plain("Whose statement is or was", "blocker_statement"),
        Shown("Chain", lambda row: " → ".join(str(pid) for pid in row["chain"])),
    ),
    label="pid",
    parts=(Part("seconds waiting", "waiting_seconds"),),
)
SECTIONS = (
    LOCKS,
    Section(
        view="v_slow_queries_by_table",
        title="Slow statements, by table",
        hint="one that names three tables counts for each",
        shown=(
            _plain("Table", "table_name"),
            _amount("Statements", "statements"),
            *COUNTED,
        ),
        parts=(Part("ms in slow statements", "total_ms"),),
    ),
    Section(
        view="v_slow_queries",
        title="Slow statements",
        hint="over 100 ms on average or once",
        shown=(
            _plain("Statement", "statement"),
            _plain("Tables", "tables"),
            _plain("Role", "role"),
            *COUNTED,
        ),
    ),
    Section(
        view="v_table_access_patterns",
        title="How tables are read and written",
        hint="partitions are added up",
        shown=(
            _plain("Table", "table_name"),
            _amount("Partitions", "partitions"),
            _amount("Scans of all", "seq_scans"),
            _amount("By index, %", "index_share"),
            _amount("Inserted", "inserted"),
            _amount("Updated", "updated"),
            _amount("In place, %", "in_place_share"),
            _amount("Deleted", "deleted"),
            _amount("Rows, about", "live_rows"),
            _amount("Dead, %", "dead_share"),
            _plain("Vacuumed", "vacuumed_at"),
            _plain("Analysed", "analyzed_at"),
            _amount("From memory, %", "cache_hit_share"),
            _bytes("Size", "table_bytes", "index_bytes"),
        ),
        parts=(
            Part("rows read in scans of all", "seq_rows_read"),
            Part("by an index", "index_rows_read"),
        ),
    ),
    Section(
        view="v_index_use",
        title="What indexes are good for",
        hint="what could go comes first",
        shown=(
            _plain("Index", "index_name"),
            _plain("Table", "table_name"),
            Shown("Finding", _finding),
            _amount("Scans", "scans"),
            _plain("Last one", "scanned_at"),
            _bytes("Size", "bytes"),
            _bytes("Bloat, about", "bloat_bytes"),
            _plain("Unique", "is_unique"),
            _plain("Serves a foreign key", "serves_foreign_key"),
        ),
        label="index_name",
        parts=(Part("bytes", "bytes"),),
    ),
)
