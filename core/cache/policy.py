"""How long and how much a namespace remembers. The table of all of them is `erp/caches.py`."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Policy:
    """One line of the table.

    `size` is the number of entries in one process. With `rechecked_seconds`, an
    entry is never believed longer than that without asking the database, whatever
    its time to live, and whoever was not reached by a bump.
    """

    ttl_seconds: int
    size: int
    scope: str = "tenant"
    rechecked_seconds: float | None = None

    @property
    def believed_seconds(self) -> float:
        return min(self.ttl_seconds, self.rechecked_seconds or self.ttl_seconds)

    @property
    def is_security(self) -> bool:
        return self.rechecked_seconds is not None
