"""Events as clients send them, at whatever moment."""

import os
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from activity.caches import USAGE_QUOTA
from activity.services.events import Taken, usage_events_take
from core.cache.runtime import runtime
from core.ids import EPOCH
from core.tenancy.context import Context
from tests.cast import Company
from tests.core.raw import raw, rows

Row = dict[str, Any]
Counts = dict[tuple[datetime, str], tuple[int, int]]


def now() -> datetime:
    return datetime.now(UTC)


def id_at(moment: datetime) -> UUID:
    """A UUIDv7 of `moment`, as a client makes one."""
    milliseconds = (moment - EPOCH) // timedelta(milliseconds=1)
    random = int.from_bytes(os.urandom(10)) & ((1 << 76) - 1)
    value = milliseconds << 80 | 0x7 << 76 | random
    return UUID(int=value & ~(0x3 << 62) | 0x2 << 62)


def viewed(moment: datetime | None = None, page: str = "/invoices", **more: Any) -> Row:
    event = {"id": str(id_at(moment or now())), "type": "page.viewed", "properties": {"page": page}}
    return event | more


def used(moment: datetime | None = None, feature: str = "export") -> Row:
    said = {"feature": feature}
    return {"id": str(id_at(moment or now())), "type": "feature.used", "properties": said}


def take(ctx: Context, *given: Any) -> Taken:
    return usage_events_take(ctx, given=given)


def statuses(taken: Taken) -> list[str]:
    return [result.status for result in taken.results]


def reasons(taken: Taken) -> list[str | None]:
    return [result.reason for result in taken.results]


def forget_quota(company: Company) -> None:
    """As after the seconds that it is remembered."""
    runtime().bump([(USAGE_QUOTA.name, str(company.tenant_id))])


# --- what the database has, asked plainly -----------------------------------------------

BY_HOUR = """
    SELECT date_trunc('hour', uuid_extract_timestamp(id), 'UTC'), type, count(*)::int,
           count(DISTINCT user_id)::int
    FROM activity_usageevent GROUP BY 1, 2
"""
HOURS = "SELECT starts_at, type, events, users FROM activity_usagehour"
DAYS = "SELECT starts_on::timestamp AT TIME ZONE 'UTC', type, events, users FROM activity_usageday"


def counts(company: Company, sql: str) -> Counts:
    with raw(company.tenant_id) as connection:
        found = rows(connection, sql)
    return {(start, name): (events, users) for start, name, events, users in found}


def plain_hours(company: Company) -> Counts:
    return counts(company, BY_HOUR)


def plain_days(company: Company) -> Counts:
    return counts(company, BY_HOUR.replace("'hour'", "'day'"))


def expected(events: Sequence[Row]) -> Counter[str]:
    """Events by type, each id once."""
    return Counter(kind for kind in {event["id"]: event["type"] for event in events}.values())


def ids_of(company: Company) -> list[UUID]:
    with raw(company.tenant_id) as connection:
        found = rows(connection, "SELECT id FROM activity_usageevent ORDER BY id")
    return [one for (one,) in found]


def sums(found: Counts) -> dict[str, int]:
    added: dict[str, int] = defaultdict(int)
    for (_, name), (events, _) in found.items():
        added[name] += events
    return dict(added)
