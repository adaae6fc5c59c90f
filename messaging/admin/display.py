"""How messages and those who take part look in the console."""

from collections.abc import Iterable
from typing import Any

from core.tenancy.admin import Column, Table

Row = dict[str, Any]


def people_table(people: Iterable[Row]) -> Table:
    titles = ("Name", "E-mail", "Role", "Joined", "Left", "Has read on")
    rows = [
        [
            one["name"] or "-",
            one["email"],
            one["role"],
            one["joined_at"],
            one["left_at"] or "-",
            one["last_read_at"] or "-",
        ]
        for one in people
    ]
    return Table("Who takes part, or did", [*map(Column, titles)], rows)


def messages_of(rows: Iterable[Row]) -> list[Row]:
    """Each with its readers and reactions in words."""
    return [row | {"read_by": _read_by(row), "thought": _thought(row)} for row in rows]


def _read_by(row: Row) -> str:
    others = row["read_count"] - len(row["readers"])
    named = ", ".join(name or "somebody" for name in row["readers"])
    return f"{named} and {others} more" if others else named or "nobody yet"


def _thought(row: Row) -> str:
    return " ".join(f"{one['emoji']} {one['count']}" for one in row["reactions"])
