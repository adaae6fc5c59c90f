"""`announce`: tell whoever listens, in the same transaction as the change itself."""

from dataclasses import dataclass, fields
from typing import Any, ClassVar

from core.ids import uuid7
from core.jobs.models import OutboxEvent
from core.jobs.wake import wake_on_commit
from core.tenancy.context import Context


@dataclass(frozen=True)
class Event:
    """Base of the events of an app: frozen, small, ids rather than contents.

    `name` is `<noun>.<past tense>` and never changes once published.
    """

    name: ClassVar[str]
    #: Somebody waits for it at this moment, so whoever follows the outbox is woken.
    is_urgent: ClassVar[bool] = False

    def payload(self) -> dict[str, Any]:
        """The fields as JSON values; UUIDs and dates as strings."""
        return {field.name: str(getattr(self, field.name)) for field in fields(self)}


def announce(ctx: Context, *events: Event) -> None:
    """Write `events` to the outbox; they exist if and only if the transaction commits."""
    OutboxEvent.objects.bulk_create(outbox_row(ctx, event) for event in events)


def outbox_row(ctx: Context, event: Event) -> OutboxEvent:
    """The row of one event, unsaved; for services that write it in a statement of their own.

    To be called in the transaction that writes it: an urgent one wakes its readers on commit.
    """
    if event.is_urgent:
        wake_on_commit()
    return OutboxEvent(
        id=uuid7(),
        tenant_id=ctx.tenant_id,
        actor_id=ctx.actor_id,
        request_id=ctx.request_id,
        name=event.name,
        payload=event.payload(),
        created_at=ctx.now,
    )
