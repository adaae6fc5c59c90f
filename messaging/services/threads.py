"""Threads begin, are renamed and closed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import F

from core.errors import Invalid, StaleVersion, require
from core.jobs import outbox
from core.tenancy.context import Context
from core.tenancy.transactions import command
from messaging.errors import DirectThreadFixed
from messaging.events import ThreadChanged
from messaging.models import Participant, ParticipantRole, Thread, ThreadKind, Visibility
from messaging.records import names, record_type
from messaging.services.access import owned_thread_lock, thread_lock
from messaging.services.participants import Joining, participants_join
from permissions.selectors.permissions import caller_get

DIRECT_OTHERS = 1


@dataclass(frozen=True, slots=True)
class ThreadInput:
    """A thread to begin. `participants` are the others; whoever begins it is its owner."""

    kind: str
    visibility: str = Visibility.INTERNAL
    subject: str = ""
    record_type: str = ""
    record_id: UUID | None = None
    participants: Sequence[Joining] = ()


@command
def thread_create(ctx: Context, *, thread: ThreadInput) -> Thread:
    """Begin a thread. Two people have one direct thread of each visibility: it is that one."""
    if thread.kind == ThreadKind.DIRECT:
        return _direct_thread(ctx, thread)
    about_record = thread.kind == ThreadKind.RECORD
    if about_record:
        _require_record(ctx, thread)
    elif thread.record_type or thread.record_id:
        raise Invalid.field("record_id", "Only threads of the kind `record` are about one.")
    made = Thread.objects.create(
        kind=thread.kind,
        visibility=thread.visibility,
        subject=thread.subject,
        record_type=thread.record_type,
        record_id=thread.record_id,
        created_by_id=ctx.acting_user,
        created_at=ctx.now,
    )
    founder = Joining(ctx.acting_user, ParticipantRole.OWNER)
    others = [one for one in thread.participants if one.user_id != ctx.acting_user]
    participants_join(ctx, made, [founder, *others])
    outbox.announce(ctx, ThreadChanged(made.id))
    return made


@command
def thread_update(
    ctx: Context, *, thread_id: UUID, values: dict[str, Any], expected_version: int | None = None
) -> Thread:
    """Rename, close or reopen: `subject`, `is_closed`. An owner of the thread does it."""
    thread, _ = thread_lock(ctx, thread_id)
    require(thread.kind != ThreadKind.DIRECT, DirectThreadFixed())
    thread = owned_thread_lock(ctx, thread_id)
    if expected_version not in (None, thread.version):
        raise StaleVersion("This thread was changed meanwhile; read it again.")
    if all(getattr(thread, name) == value for name, value in values.items()):
        return thread
    for name, value in values.items():
        setattr(thread, name, value)
    thread.version = F("version") + 1
    thread.save(update_fields=[*values, "version"])
    thread.refresh_from_db(fields=["version"])
    outbox.announce(ctx, ThreadChanged(thread.id))
    return thread


def _direct_thread(ctx: Context, asked: ThreadInput) -> Thread:
    """The thread of the two, made if they have none; both are in it again if one was not."""
    if asked.subject or asked.record_type or asked.record_id:
        raise Invalid.field("subject", "A direct thread has no subject and is about no record.")
    others = [one for one in asked.participants if one.user_id != ctx.acting_user]
    if len(others) != DIRECT_OTHERS or len(asked.participants) != DIRECT_OTHERS:
        raise Invalid.field("participants", "A direct thread is with exactly one other person.")
    [other] = others
    require(
        other.role != ParticipantRole.OWNER,
        Invalid.field("participants", "A direct thread has no owner."),
    )
    first, second = sorted((ctx.acting_user, other.user_id))
    where = {"kind": ThreadKind.DIRECT, "pair": f"{first} {second}", "visibility": asked.visibility}
    me = Joining(ctx.acting_user, ParticipantRole.MEMBER)
    found: Thread | None = Thread.objects.filter(**where).first()
    if found is not None:
        return _both_in(ctx, found, [me, other])
    made = Thread(**where, created_by_id=ctx.acting_user, created_at=ctx.now)
    # Somebody may be making the same one; then this waits for him, and his it is.
    Thread.objects.bulk_create([made], ignore_conflicts=True)
    thread: Thread = Thread.objects.get(**where)
    if thread.id != made.id:
        return _both_in(ctx, thread, [me, other])
    participants_join(ctx, thread, [me, other])
    outbox.announce(ctx, ThreadChanged(thread.id))
    return thread


def _both_in(ctx: Context, thread: Thread, both: Sequence[Joining]) -> Thread:
    """They are, unless an import began their thread and was stopped before it said who is in it."""
    if _missing(thread, both):
        thread = Thread.objects.select_for_update(no_key=True).get(pk=thread.pk)
        if missing := _missing(thread, both):  # or they came while we waited
            participants_join(ctx, thread, missing)
            outbox.announce(ctx, ThreadChanged(thread.id))
    return thread


def _missing(thread: Thread, both: Sequence[Joining]) -> list[Joining]:
    there = Participant.objects.filter(thread=thread, left_at=None)
    known = set(there.values_list("user_id", flat=True))
    return [one for one in both if one.user_id not in known]


def _require_record(ctx: Context, thread: ThreadInput) -> None:
    """A registered type, a record that exists, and an actor who may see it."""
    kind = record_type(thread.record_type)
    if kind is None:
        choices = ", ".join(names())
        raise Invalid.field("record_type", f"One of {choices}.")
    caller = caller_get(ctx)
    allowed = caller is not None and caller.has_perm(kind.permission)
    if thread.record_id is None or not allowed or not kind.exists(ctx, thread.record_id):
        raise Invalid.field("record_id", "There is no such record.")
