"""Beat's door to the housekeeping of logins."""

from datetime import UTC, datetime
from typing import Any

from celery import shared_task

from permissions.services import sessions


@shared_task
def sessions_purge_task(**_: Any) -> int:
    return sessions.sessions_purge(datetime.now(UTC))


@shared_task
def failed_logins_purge_task(**_: Any) -> int:
    return sessions.failed_logins_purge(datetime.now(UTC))
