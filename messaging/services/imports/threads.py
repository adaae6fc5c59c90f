"""The threads of a source: each once, whatever the number of its imports."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from core.tenancy.context import Context
from core.tenancy.transactions import command
from messaging.models import Thread, ThreadKind, Visibility
from messaging.models.threads import SUBJECT_LENGTH_MAX
from messaging.services.imports.ids import thread_id
from messaging.services.imports.values import datetime_of

THREADS_AT_ONCE = 1_000


class Beginning(NamedTuple):
    """A thread of the source. `pair` are its two people, if it is between two."""

    key: str
    subject: str
    pair: tuple[UUID, UUID] | None
    creator: UUID
    moment: int


def threads_ensure(
    ctx: Context, *, name: str, beginnings: Sequence[Beginning]
) -> tuple[list[UUID], int]:
    """Their ids, in the same order, and how many had to be made."""
    ids: list[UUID] = []
    created = 0
    for start in range(0, len(beginnings), THREADS_AT_ONCE):
        some = beginnings[start : start + THREADS_AT_ONCE]
        found, new = threads_begin(ctx, name=name, beginnings=some)
        ids += found
        created += new
    return ids, created


@command
def threads_begin(
    ctx: Context, *, name: str, beginnings: Sequence[Beginning]
) -> tuple[list[UUID], int]:
    """One chunk of `threads_ensure`. Two people have one direct thread: theirs goes on."""
    threads = [_thread(ctx, name, beginning) for beginning in beginnings]
    ids = [thread.id for thread in threads]
    known = Thread.objects.filter(id__in=ids).count()
    pairs = _direct([thread.pair for thread in threads if thread.pair])
    wanted = {thread.pair or str(thread.id): thread for thread in threads}
    Thread.objects.bulk_create(
        [thread for thread in wanted.values() if thread.pair not in pairs], ignore_conflicts=True
    )
    created = Thread.objects.filter(id__in=ids).count() - known
    pairs = _direct([thread.pair for thread in threads if thread.pair])
    return [pairs.get(thread.pair, thread.id) for thread in threads], created


def _thread(ctx: Context, name: str, beginning: Beginning) -> Thread:
    return Thread(
        id=thread_id(ctx.tenant_id, name, beginning.key),
        kind=ThreadKind.DIRECT if beginning.pair else ThreadKind.GROUP,
        visibility=Visibility.INTERNAL,
        subject="" if beginning.pair else beginning.subject[:SUBJECT_LENGTH_MAX],
        pair=" ".join(map(str, sorted(beginning.pair))) if beginning.pair else "",
        created_by_id=beginning.creator,
        created_at=datetime_of(beginning.moment),
    )


def _direct(pairs: list[str]) -> dict[str, UUID]:
    found = Thread.objects.filter(
        kind=ThreadKind.DIRECT, visibility=Visibility.INTERNAL, pair__in=pairs
    )
    return dict(found.values_list("pair", "id"))
