"""Who has read a message, and what was thought of it. In the partition of the message."""

from typing import ClassVar

from django.db import models

from core.audit.declared import Audited
from core.partitions.monthly import MonthlyManager
from core.tenancy.models import TenantForeignKey, TenantModel
from messaging.models.messages import Message
from messaging.models.partitioning import ByMessage
from permissions.models import User

EMOJI_LENGTH_MAX = 32


class MessageRead(ByMessage, TenantModel):
    message = TenantForeignKey(Message, models.PROTECT, related_name="reads")
    user = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    read_at = models.DateTimeField()

    audited = Audited(inserts=False)
    objects: ClassVar[MonthlyManager] = MonthlyManager()

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "message", "user"], name="messaging_read_once"
            )
        ]
        indexes = [models.Index(fields=["tenant", "user", "-message"], name="messaging_read_user")]

    def __str__(self) -> str:
        return f"{self.user_id} read {self.message_id}"


class MessageReaction(ByMessage, TenantModel):
    message = TenantForeignKey(Message, models.PROTECT, related_name="reactions")
    user = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    emoji = models.CharField(max_length=EMOJI_LENGTH_MAX)
    reacted_at = models.DateTimeField()

    audited = Audited(inserts=False)
    objects: ClassVar[MonthlyManager] = MonthlyManager()

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "message", "user", "emoji"], name="messaging_reaction_once"
            )
        ]
        indexes = [
            models.Index(fields=["tenant", "user", "-message"], name="messaging_reaction_user")
        ]

    def __str__(self) -> str:
        return f"{self.emoji} on {self.message_id}"
