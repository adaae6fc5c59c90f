"""A job is what people look at; its ticket is what a worker takes.

Invariant: a job has a ticket if and only if it has not ended. Both are written by the
functions of `sql/place.sql` and `sql/jobs.sql` and the statements of `claims.py`, always
together.
"""

from django.db import models

from core.audit.declared import Unaudited
from core.ids import uuid7
from core.tenancy.models import TenantModel


class Queue(models.IntegerChoices):
    """In the order of urgency."""

    HIGH = 0, "high"
    NORMAL = 1, "normal"
    LOW = 2, "low"


class JobState(models.TextChoices):
    QUEUED = "queued", "Queued"
    RUNNING = "running", "Running"
    RETRYING = "retrying", "Retrying"
    DONE = "done", "Done"
    #: Tried as often as it may be; waits for somebody to look at it, and to replay it.
    DEAD = "dead", "Dead"
    CANCELLED = "cancelled", "Cancelled"
    EXPIRED = "expired", "Expired"


OPEN = (JobState.QUEUED, JobState.RUNNING, JobState.RETRYING)
REPLAYABLE = (JobState.DEAD, JobState.CANCELLED, JobState.EXPIRED)


class Job(TenantModel):
    """One piece of work. `arguments` and `result` hold ids and numbers, never secrets."""

    task = models.CharField(max_length=100)
    queue = models.SmallIntegerField(choices=Queue.choices)
    arguments = models.JSONField()
    #: Enqueued twice under one key, it is one job. Handed on to what the job calls outside.
    effect_key = models.CharField(max_length=200)
    state = models.CharField(
        max_length=10, choices=JobState.choices, default=JobState.QUEUED, db_default=JobState.QUEUED
    )
    attempts = models.SmallIntegerField(default=0, db_default=0)
    #: In percent.
    progress = models.SmallIntegerField(default=0, db_default=0)
    result = models.JSONField(null=True)
    #: The kind of the last failure and where it was raised; never its text, which may name people.
    error = models.CharField(max_length=200, default="", db_default="")
    actor_id = models.UUIDField(null=True)
    request_id = models.CharField(max_length=64)
    created_at = models.DateTimeField()
    run_at = models.DateTimeField(help_text="Not before.")
    expires_at = models.DateTimeField(null=True, help_text="Not begun after.")
    #: A recurring job enqueues the next one when it ends.
    every_seconds = models.IntegerField(null=True)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    audited = Unaudited("Its columns say what became of it; what it did is recorded.")

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["tenant", "effect_key"], name="jobs_job_effect_key")
        ]
        indexes = [
            models.Index(
                fields=["tenant", "ended_at"],
                name="jobs_job_ended",
                condition=models.Q(ended_at__isnull=False),
            ),
            models.Index(
                fields=["tenant", "id"],
                name="jobs_job_dead",
                condition=models.Q(state=JobState.DEAD),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.task} {self.id}"


class JobTicket(models.Model):
    """A job that has not ended. Global, because a worker serves all tenants.

    Waiting for its time while `turn` is empty, ready with a `turn`, held by an attempt
    while `worker` is not empty. The lease is written with the database's clock.
    """

    job_id = models.UUIDField(primary_key=True, default=uuid7)
    tenant_id = models.UUIDField()
    queue = models.SmallIntegerField(choices=Queue.choices)
    #: Its place in the line of all companies.
    turn = models.BigIntegerField(null=True)
    attempt = models.SmallIntegerField(default=0, db_default=0)
    worker = models.CharField(max_length=100, null=True)
    lease_until = models.DateTimeField(null=True)
    run_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["turn", "queue", "job_id"],
                name="jobs_ticket_line",
                condition=models.Q(worker=None, turn__isnull=False),
            ),
            models.Index(
                fields=["tenant_id", "queue", "turn"],
                name="jobs_ticket_waiting",
                condition=models.Q(worker=None),
            ),
            models.Index(
                fields=["run_at"],
                name="jobs_ticket_later",
                condition=models.Q(worker=None, turn=None),
            ),
            models.Index(
                fields=["expires_at"],
                name="jobs_ticket_expiring",
                condition=models.Q(worker=None, expires_at__isnull=False),
            ),
            models.Index(
                fields=["lease_until"],
                name="jobs_ticket_leases",
                condition=models.Q(worker__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return str(self.job_id)


class JobTally(models.Model):
    """How attempts ended, and how long they took together. For the metrics; global."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    task = models.CharField(max_length=100)
    outcome = models.CharField(max_length=10)
    count = models.BigIntegerField(default=0)
    seconds = models.FloatField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["task", "outcome"], name="jobs_tally_once")]

    def __str__(self) -> str:
        return f"{self.task} {self.outcome}: {self.count}"
