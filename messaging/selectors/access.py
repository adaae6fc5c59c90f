"""Who may read what. A thread that one does not take part in is as missing as none."""

from uuid import UUID

from django.db.models import F, Q, QuerySet

from core.errors import NotFound
from core.tenancy.context import Context
from messaging.models import Message, Participant


def participation_of(ctx: Context, thread_id: UUID) -> Participant:
    """The actor in a thread; NotFound where he does not take part. Part of a query."""
    me: Participant | None = Participant.objects.filter(
        thread=thread_id, user=ctx.acting_user, left_at=None
    ).first()
    if me is None:
        raise NotFound
    return me


def readable_messages(ctx: Context) -> QuerySet[Message]:
    """Every message that the actor may read: of his threads, from when he sees them."""
    found: QuerySet[Message] = Message.objects.filter(
        Q(thread__participants__sees_after_id=None)
        | Q(id__gt=F("thread__participants__sees_after_id")),
        thread__participants__user=ctx.acting_user,
        thread__participants__left_at=None,
    )
    return found


def readable_message(ctx: Context, message_id: UUID) -> Message:
    """One of them, or NotFound."""
    message = readable_messages(ctx).filter(pk=message_id).first()
    if message is None:
        raise NotFound
    return message
