"""Who takes part: joining, roles, muting, leaving. The thread is locked for each change."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from core.errors import Conflict, Invalid, NotFound, require
from core.jobs import outbox
from core.tenancy.context import Context
from core.tenancy.transactions import command
from messaging.errors import (
    DirectThreadFixed,
    GuestOutside,
    LastOwner,
    NotMember,
    NotThreadOwner,
)
from messaging.events import ThreadChanged
from messaging.models import Participant, ParticipantRole, Thread, ThreadKind, Visibility
from messaging.services.access import thread_lock
from permissions.models import Membership

PARTICIPANTS_MAX = 500


@dataclass(frozen=True, slots=True)
class Joining:
    """Somebody who shall take part; `with_history` shows him what was said before."""

    user_id: UUID
    role: str = ParticipantRole.MEMBER
    with_history: bool = False


@command
def participants_add(ctx: Context, *, thread_id: UUID, joining: Sequence[Joining]) -> None:
    """Let members in, again or for the first time. An owner does it; all or none."""
    thread, me = thread_lock(ctx, thread_id)
    _require_manageable(thread, me)
    require(bool(joining), Invalid.field("participants", "Say who."))
    known = Participant.objects.filter(thread=thread, left_at=None)
    twice = known.filter(user__in=[one.user_id for one in joining]).exists()
    require(not twice, Conflict("He takes part already."))
    require(
        known.count() + len(joining) <= PARTICIPANTS_MAX,
        Conflict(f"A thread has at most {PARTICIPANTS_MAX} participants."),
    )
    participants_join(ctx, thread, joining)
    outbox.announce(ctx, ThreadChanged(thread.id))


@command
def participant_update(
    ctx: Context,
    *,
    thread_id: UUID,
    user_id: UUID,
    role: str | None = None,
    is_muted: bool | None = None,
) -> Participant:
    """Give somebody another role (an owner does it), or mute the thread for oneself."""
    thread, me = thread_lock(ctx, thread_id)
    him = me if user_id == ctx.acting_user else _participant(thread, user_id)
    if is_muted is not None:
        require(him is me, Invalid.field("is_muted", "One mutes a thread for oneself."))
        him.is_muted = is_muted
    if role is not None and role != him.role:
        _require_manageable(thread, me)
        _require_role(thread, role)
        if him.role == ParticipantRole.OWNER:
            require(_other_owners(thread, him), LastOwner())
        him.role = role
    him.save(update_fields=["role", "is_muted"])
    outbox.announce(ctx, ThreadChanged(thread.id))
    return him


@command
def participant_remove(ctx: Context, *, thread_id: UUID, user_id: UUID) -> None:
    """Leave, or put somebody out (an owner does it). What was said stays.

    The last owner stays while there are others, unless he makes one of them owner.
    """
    thread, me = thread_lock(ctx, thread_id)
    require(thread.kind != ThreadKind.DIRECT, DirectThreadFixed())
    him = me if user_id == ctx.acting_user else _participant(thread, user_id)
    require(him is me or me.role == ParticipantRole.OWNER, NotThreadOwner())
    others = Participant.objects.filter(thread=thread, left_at=None).exclude(pk=him.pk)
    if him.role == ParticipantRole.OWNER and others.exists():
        require(_other_owners(thread, him), LastOwner())
    him.left_at = ctx.now
    him.save(update_fields=["left_at"])
    outbox.announce(ctx, ThreadChanged(thread.id))


def participants_join(ctx: Context, thread: Thread, joining: Sequence[Joining]) -> None:
    """Rows of those who join; those who left come back. Part of a command.

    The thread is locked or new, so what is its last message stays so until they are in.
    """
    users = [one.user_id for one in joining]
    _require_fitting(ctx, thread, joining)
    returning = {p.user_id: p for p in Participant.objects.filter(thread=thread, user__in=users)}
    added = []
    for one in joining:
        him = returning.get(one.user_id) or Participant(thread=thread, user_id=one.user_id)
        is_new = him._state.adding
        him.role, him.joined_at, him.left_at = one.role, ctx.now, None
        him.sees_after_id = None if one.with_history else thread.last_message_id
        # What was said before he came is not waiting for him to read it.
        him.last_read_id, him.sent_read = thread.last_message_id, thread.sent
        if is_new:
            added.append(him)
        else:
            him.save()
    Participant.objects.bulk_create(added)
    # The next message decides whether they are few enough to be told.
    Participant.objects.filter(thread=thread).exclude(activity_id=None).update(activity_id=None)


def _require_fitting(ctx: Context, thread: Thread, joining: Sequence[Joining]) -> None:
    """Each once, active members of the company, guests in external threads only."""
    users = [one.user_id for one in joining]
    require(len(set(users)) == len(users), Invalid.field("participants", "Each person once."))
    require(
        len(users) <= PARTICIPANTS_MAX,
        Invalid.field("participants", f"At most {PARTICIPANTS_MAX}."),
    )
    members = Membership.objects.filter(
        tenant=ctx.tenant_id, user__in=users, is_active=True, user__is_active=True
    )
    require(members.count() == len(users), NotMember())
    for one in joining:
        _require_role(thread, one.role)
    _require_inside_or_outside(thread, joining)


def _require_inside_or_outside(thread: Thread, joining: Sequence[Joining]) -> None:
    """Nobody reads what is internal in one thread and is a guest in another."""
    elsewhere = Participant.objects.filter(left_at=None).exclude(thread=thread.pk)
    guests = [one.user_id for one in joining if one.role == ParticipantRole.GUEST]
    inside = elsewhere.filter(user__in=guests, thread__visibility=Visibility.INTERNAL)
    require(not (guests and inside.exists()), GuestOutside())
    if thread.visibility == Visibility.INTERNAL:
        users = [one.user_id for one in joining]
        outside = elsewhere.filter(user__in=users, role=ParticipantRole.GUEST)
        require(not outside.exists(), GuestOutside())


def _require_manageable(thread: Thread, me: Participant) -> None:
    require(thread.kind != ThreadKind.DIRECT, DirectThreadFixed())
    require(me.role == ParticipantRole.OWNER, NotThreadOwner())


def _require_role(thread: Thread, role: str) -> None:
    is_outside = role != ParticipantRole.GUEST or thread.visibility == Visibility.EXTERNAL
    require(is_outside, GuestOutside())


def _participant(thread: Thread, user_id: UUID) -> Participant:
    found: Participant | None = Participant.objects.filter(
        thread=thread, user=user_id, left_at=None
    ).first()
    if found is None:
        raise NotFound
    return found


def _other_owners(thread: Thread, him: Participant) -> bool:
    owners = Participant.objects.filter(thread=thread, left_at=None, role=ParticipantRole.OWNER)
    found: bool = owners.exclude(pk=him.pk).exists()
    return found
