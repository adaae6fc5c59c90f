"""Who may write in a thread. Each function locks what it returns, thread before participant."""

from uuid import UUID

from core.errors import NotFound, require
from core.tenancy.context import Context
from messaging.errors import MessageDeleted, NotThreadOwner, ThreadClosed
from messaging.models import Message, Participant, ParticipantRole, Thread


def thread_lock(ctx: Context, thread_id: UUID) -> tuple[Thread, Participant]:
    """The thread and the actor in it, locked; NotFound where he does not take part."""
    thread: Thread | None = (
        Thread.objects.select_for_update(no_key=True).filter(pk=thread_id).first()
    )
    me: Participant | None = (
        Participant.objects.select_for_update(no_key=True)
        .filter(thread=thread_id, user=ctx.acting_user, left_at=None)
        .first()
    )
    if thread is None or me is None:
        raise NotFound
    return thread, me


def owned_thread_lock(ctx: Context, thread_id: UUID) -> Thread:
    """The same for what only an owner may do."""
    thread, me = thread_lock(ctx, thread_id)
    require(me.role == ParticipantRole.OWNER, NotThreadOwner())
    return thread


def message_lock(ctx: Context, message_id: UUID) -> tuple[Message, Participant]:
    """A message that is there, and the actor in its thread; the message is locked."""
    message: Message | None = (
        Message.objects.select_for_update(no_key=True).filter(pk=message_id).first()
    )
    if message is None:
        raise NotFound
    me: Participant | None = Participant.objects.filter(
        thread=message.thread_id, user=ctx.acting_user, left_at=None
    ).first()
    if me is None or not _sees(me, message):
        raise NotFound
    require(message.deleted_at is None, MessageDeleted())
    return message, me


def open_message_lock(ctx: Context, message_id: UUID) -> Message:
    """The same in a thread that is not closed."""
    message, _ = message_lock(ctx, message_id)
    is_closed = Thread.objects.filter(pk=message.thread_id, is_closed=True).exists()
    require(not is_closed, ThreadClosed())
    return message


def _sees(me: Participant, message: Message) -> bool:
    return me.sees_after_id is None or message.id > me.sees_after_id
