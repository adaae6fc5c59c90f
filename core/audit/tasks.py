"""Beat's doors to the chain."""

from datetime import UTC, datetime
from typing import Any

from celery import shared_task

from core.audit.chain import audit_seal
from core.audit.publishing import heads_publish
from core.jobs.schedule import ScheduledTask


@shared_task(base=ScheduledTask)
def audit_seal_task(**_: Any) -> int:
    """Prove what was written since; returns how many rows were sealed."""
    return audit_seal()


@shared_task(base=ScheduledTask)
def audit_heads_task(**_: Any) -> str:
    """The day's heads into AUDIT_HEADS_DIR; returns the file's path, or nothing without one."""
    return heads_publish(moment=datetime.now(UTC))
