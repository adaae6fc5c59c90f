"""Events one by one, newest first; for those who may see who did what."""

from collections.abc import Collection
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson
from django.db.models import F

from activity.models import UsageEvent
from core.errors import Invalid, require
from core.ids import uuid7_floor, uuid7_time
from core.listing import Order, Page, PageRequest, page_of
from core.partitions.months import beginning
from core.tenancy.context import Context
from core.tenancy.transactions import query

LISTED = Order("usage-events", ("id",))
COLUMNS = ("id", "type", "user_id", "user_name", "properties", "received_at", "is_over_quota")
DAY = timedelta(days=1)

Row = dict[str, Any]


@query
def usage_event_list(ctx: Context, *, page: PageRequest) -> Page:
    """Events of the company with the names of their users, newest first."""
    rows = page.narrow(UsageEvent.objects.all())
    asked = page.filters
    first, last = asked.get("occurred_from"), asked.get("occurred_until")
    if first is not None:
        rows = rows.filter(id__gte=uuid7_floor(beginning(first)))
    # Always an end, so that the partitions of the months to come are left alone.
    end = beginning(last) + DAY if last is not None else ctx.now + DAY
    rows = rows.filter(id__lt=uuid7_floor(end))
    if asked.get("properties"):
        rows = rows.filter(properties__contains=_object(asked["properties"]))
    columns = rows.annotate(user_name=F("user__name")).values(*COLUMNS)
    return page_of(ctx, columns, LISTED, page).shaped(_shape)


@query
def usage_events_known(ctx: Context, *, event_ids: Collection[UUID]) -> set[UUID]:
    """Those of the ids whose events were taken before."""
    return set(UsageEvent.objects.filter(id__in=event_ids).values_list("id", flat=True))


def _shape(row: Row) -> Row:
    return row | {"occurred_at": uuid7_time(row["id"])}


def _object(text: str) -> Row:
    """The object that `text` is; NUL, which JSON can say and PostgreSQL cannot keep, is refused."""
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        found = None
    refused = Invalid.field("properties", 'A JSON object, such as {"page": "/invoices"}.')
    require(isinstance(found, dict) and "\\u0000" not in text, refused)
    wanted: Row = found
    return wanted
