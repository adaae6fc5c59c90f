"""Bumps that have not reached every tier yet."""

from django.db import models

from core.ids import uuid7


class PendingBump(models.Model):
    """A version that a committed change made void. Global: any process replays it.

    Written in the transaction of the change and deleted once Redis has heard of
    it; what stays (Redis was away, the process was killed) is replayed.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    namespace = models.CharField(max_length=40)
    scope = models.CharField(max_length=100)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.namespace} {self.scope}"
