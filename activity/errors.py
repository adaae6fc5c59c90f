"""Refusals of a whole request; those of single events are words in its answer."""

from core.errors import DomainError


class QuotaExceeded(DomainError):
    """The plan's events of the month are used up, and the plan is a hard one."""

    code = "QUOTA_EXCEEDED"
    status = 429

    def __init__(self, limit: int, wait_seconds: int) -> None:
        super().__init__(f"All {limit} events of this month are used; none was taken.")
        self.retry_after_seconds = wait_seconds
