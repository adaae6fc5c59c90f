"""Beat's door to the housekeeping of logins."""

from datetime import UTC, datetime
from typing import Any

from celery import shared_task

from permissions.services import purges


@shared_task
def sessions_purge_task(**_: Any) -> int:
    return purges.sessions_purge(datetime.now(UTC))


@shared_task
def one_time_tokens_purge_task(**_: Any) -> int:
    return purges.one_time_tokens_purge(datetime.now(UTC))


@shared_task
def failed_logins_purge_task(**_: Any) -> int:
    return purges.failed_logins_purge(datetime.now(UTC))


@shared_task
def mail_counts_purge_task(**_: Any) -> int:
    return purges.mail_counts_purge(datetime.now(UTC))
