"""Three nouns: events that were announced, jobs to be done, and the clock's entries."""

from core.jobs.models.jobs import Job, JobState, JobTally, JobTicket, Queue
from core.jobs.models.outbox import OutboxEvent, OutboxTail, TenantTail
from core.jobs.models.schedule import ScheduleRun

__all__ = [
    "Job",
    "JobState",
    "JobTally",
    "JobTicket",
    "OutboxEvent",
    "OutboxTail",
    "Queue",
    "ScheduleRun",
    "TenantTail",
]
