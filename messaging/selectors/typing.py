"""Who would see somebody type."""

from uuid import UUID

from core.tenancy.context import Context
from core.tenancy.transactions import query
from messaging.models import Participant
from messaging.selectors.access import participation_of

#: In a larger thread nobody is told.
OTHERS_MAX = 200


@query
def typing_audience(ctx: Context, *, thread_id: UUID) -> list[UUID]:
    """The others in a thread; NotFound where the actor does not take part."""
    participation_of(ctx, thread_id)
    others = Participant.objects.filter(thread=thread_id, left_at=None)
    found = others.exclude(user=ctx.acting_user).values_list("user_id", flat=True)
    audience = list(found[: OTHERS_MAX + 1])
    return audience if len(audience) <= OTHERS_MAX else []
