"""The demo's usage: a made-up month of two people, up to the moment in which it is loaded."""

import csv
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import orjson

from activity.models import UsageEvent
from activity.services.events import BATCH_MAX, Batch, usage_events_add
from activity.services.items import Event, Window, event_of
from activity.services.rollups import usage_days_roll_up, usage_hours_roll_up
from core.ids import uuid7_floor
from core.tenancy.context import Context
from core.tenancy.transactions import query
from permissions.models import Membership

USAGE = Path(__file__).resolve().parents[2] / "demo" / "usage"
SEVENTH_VERSION, VARIANT = 0x7 << 76, 0x2 << 62
RANDOM = (1 << 62) - 1


class Line(NamedTuple):
    email: str
    event: Event


def demo_usage_slugs() -> list[str]:
    """Short names of the companies that there is usage for."""
    return sorted(path.stem for path in USAGE.glob("*.csv"))


def demo_usage_ensure(ctx: Context, *, slug: str) -> int:
    """Load it into a company that has no events yet, and count it; how many events."""
    users = demo_people(ctx)
    if not users:
        return 0
    by_user: dict[UUID, list[Event]] = defaultdict(list)
    for line in demo_lines(ctx, slug=slug):
        if line.email in users:
            by_user[users[line.email]].append(line.event)
    for user_id, events in by_user.items():
        for start in range(0, len(events), BATCH_MAX):
            some = {event.id: event for event in events[start : start + BATCH_MAX]}
            usage_events_add(replace(ctx, actor_id=user_id), batch=Batch(some))
    usage_hours_roll_up(ctx)
    usage_days_roll_up(ctx)
    return sum(map(len, by_user.values()))


@query
def demo_people(ctx: Context) -> dict[str, UUID]:
    """Members by e-mail; nobody where there are events already."""
    if UsageEvent.objects.exists():
        return {}
    members = Membership.objects.filter(tenant=ctx.tenant_id)
    return dict(members.values_list("user__email", "user_id"))


def demo_lines(ctx: Context, *, slug: str) -> Iterator[Line]:
    """Checked as if a client had sent them now, but for their age; none of a time to come."""
    window = Window(0, Window.of(ctx).last)
    with (USAGE / f"{slug}.csv").open(encoding="utf-8", newline="") as file:
        for number, row in enumerate(csv.DictReader(file)):
            moment = _moment(ctx.today - timedelta(days=int(row["days_ago"])), row["time"])
            if moment < ctx.now:
                properties = orjson.loads(row["properties"])
                event_id = str(_id_at(moment, f"{slug} {number}"))
                given = {"id": event_id, "type": row["type"], "properties": properties}
                yield Line(row["email"], event_of(given, window))


def _moment(day: date, clock: str) -> datetime:
    return datetime.combine(day, time.fromisoformat(clock), tzinfo=UTC)


def _id_at(moment: datetime, name: str) -> UUID:
    rest = int.from_bytes(sha256(name.encode()).digest()[:8]) & RANDOM
    return UUID(int=uuid7_floor(moment).int | SEVENTH_VERSION | VARIANT | rest)
