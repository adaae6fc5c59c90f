"""Bumps that have not reached every tier yet."""

from django.db import models
from django.db.models.functions import Now

from core.ids import uuid7


class PendingBump(models.Model):
    """A version that a committed change made void. Global: any process replays it.

    Written in the transaction of the change and deleted once Redis has heard of
    it; what stays (Redis was away, the process was killed) is replayed.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    namespace = models.CharField(max_length=40)
    scope = models.CharField(max_length=100)
    #: By the database's clock, because machines compare it.
    created_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"{self.namespace} {self.scope}"
