"""Rows to records: an invoice or a transaction is the rows that share its key."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from accounting.services.imports.sources import Row, Unreadable

#: A record is complete when none of its rows came for so many lines: files are in
#: order of time, but two records made in the same minute may interleave.
GAP_LINES = 1_000


@dataclass(slots=True)
class Group:
    """The rows of one record, and why it is not whole, if so."""

    key: str
    rows: list[Row] = field(default_factory=list)
    fault: str = ""


def grouped(
    items: Iterable[Row | Unreadable], refuse: Callable[[Unreadable], None]
) -> Iterator[Group]:
    """Records in the order of their first rows; `refuse` is told what is no row."""
    open_groups: dict[str, Group] = {}
    closed: set[str] = set()
    tainted: set[str] = set()
    current = Group("")
    for item in items:
        if isinstance(item, Unreadable):
            tainted |= item.keys
            refuse(item)
            continue
        key = item.cells[0]
        if key != current.key or not current.rows:
            for group in _complete(open_groups, item.line - GAP_LINES):
                closed.add(group.key)
                yield _judged(group, tainted)
            current = open_groups.setdefault(key, Group(key))
            if key in closed:
                current.fault = f"goes on more than {GAP_LINES} lines after its other lines"
        current.rows.append(item)
    for group in _complete(open_groups, None):
        yield _judged(group, tainted)


def _complete(open_groups: dict[str, Group], before_line: int | None) -> Iterator[Group]:
    """The oldest records as long as their last rows lie before a line, taken out."""
    while open_groups:
        oldest = next(iter(open_groups.values()))
        if before_line is not None and oldest.rows[-1].line >= before_line:
            return
        yield open_groups.pop(oldest.key)


def _judged(group: Group, tainted: set[str]) -> Group:
    if group.key in tainted:
        group.fault = "another line of this record cannot be read"
    return group
