"""What usage announces."""

from dataclasses import dataclass
from typing import ClassVar

from core.jobs.outbox import Event


@dataclass(frozen=True)
class UsageQuotaReached(Event):
    """A company has used this percentage of a month's events; once a month and level."""

    name: ClassVar[str] = "usage.quota_reached"
    month: str
    percent: int
    limit: int
