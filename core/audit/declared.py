"""What a model says about its audit: `audited = Audited(...)` or `audited = Unaudited(...)`.

A plain attribute of the model's class. The database backend attaches the triggers
that it asks for when the table is made, and each `migrate` compares them again.
"""

from dataclasses import dataclass

#: What everybody knows of a row of the log by its own columns.
KEY_COLUMNS = ("tenant_id", "id")


@dataclass(frozen=True, slots=True)
class Audited:
    """Every change of a row is recorded, by names of columns.

    `masked`: that it changed is recorded, not from what to what; for secrets.
    `ignored`: a change of it alone is not recorded; for counters and positions.
    `personal`: recorded apart, so that it can be erased while the chain stays whole.
    `inserts`: False where a row's own columns say who made it, and it never changes unseen.
    `updates`: False where the database refuses them, but for what a trigger of its own counts.
    `under`: for lines, the column that names what they belong to. Those that one statement adds
    to it or takes away are one entry, of what they belong to; changed, each has its own.
    Nothing of such a table is hidden. Rows of a global table with numbers for keys are each an
    entry of what they belong to.
    """

    masked: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    personal: tuple[str, ...] = ()
    inserts: bool = True
    updates: bool = True
    under: str = ""

    @property
    def left_out(self) -> tuple[str, ...]:
        return (*KEY_COLUMNS, *self.ignored)


@dataclass(frozen=True, slots=True)
class Unaudited:
    """Changes of this table are recorded nowhere, for a reason."""

    reason: str


#: What is said of tables of other people's applications, by the label of their model.
OF_OTHERS: dict[str, Audited] = {}


def declare_of_other(label: str, declared: Audited) -> None:
    """Called when the application starts by whoever brings their tables in."""
    OF_OTHERS[label] = declared
