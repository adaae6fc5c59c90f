"""How the entries of the schedule have run: one row each."""

from django.db import models


class ScheduleRun(models.Model):
    """The last run of one entry of `erp/schedule.py`. Global: the clock has no tenant."""

    task = models.CharField(max_length=150, primary_key=True)
    #: Since when it is known; from here its first run is awaited.
    known_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    #: Of the last run that ended.
    seconds = models.FloatField(null=True)
    #: The kind of what the last run raised; empty when it went well.
    error = models.CharField(max_length=200, default="")
    failed = models.IntegerField(default=0)
    missed = models.IntegerField(default=0)
    #: The due time of the last run that did not come.
    missed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["task"]

    def __str__(self) -> str:
        return self.task
