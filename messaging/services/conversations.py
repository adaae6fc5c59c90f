"""What those who govern a company's conversations do to threads that are not theirs."""

from uuid import UUID

from django.db.models import F

from core.errors import NotFound, require
from core.jobs import outbox
from core.tenancy.context import Context
from core.tenancy.transactions import command
from messaging.errors import DirectThreadFixed
from messaging.events import ThreadChanged
from messaging.models import Thread, ThreadKind


@command
def conversation_close(ctx: Context, *, thread_id: UUID, is_closed: bool = True) -> Thread:
    """Close a thread without taking part in it, or open it again; those in it are told."""
    thread: Thread | None = (
        Thread.objects.select_for_update(no_key=True).filter(pk=thread_id).first()
    )
    if thread is None:
        raise NotFound
    require(thread.kind != ThreadKind.DIRECT, DirectThreadFixed())
    if thread.is_closed != is_closed:
        thread.is_closed, thread.version = is_closed, F("version") + 1
        thread.save(update_fields=["is_closed", "version"])
        thread.refresh_from_db(fields=["version"])
        outbox.announce(ctx, ThreadChanged(thread.id))
    return thread
