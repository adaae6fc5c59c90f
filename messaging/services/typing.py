"""Somebody is typing: told to whoever has a stream open, and kept nowhere."""

from uuid import UUID

from core.jobs.wake import publish
from core.json import dumps
from core.tenancy.context import Context
from messaging.selectors.typing import typing_audience

CHANNEL = "erp:typing"


def typing_tell(ctx: Context, *, thread_id: UUID) -> None:
    """Tell the others in a thread; NotFound where the actor does not take part.

    Over Redis only: without it, nothing happens. No transaction, as nothing is written.
    """
    audience = typing_audience(ctx, thread_id=thread_id)
    if audience:
        told = {
            "tenant_id": ctx.tenant_id,
            "thread_id": thread_id,
            "user_id": ctx.acting_user,
            "audience": audience,
        }
        publish(CHANNEL, dumps(told))
