"""Doors of the stream."""

from typing import Any

from core.api.endpoints import reads
from core.api.guards import AUTHENTICATED
from core.api.requests import TenantRequest
from core.api.views import TenantView
from core.errors import Invalid
from core.events import catalogue
from core.events.filters import EventFilter
from core.events.selectors import event_list
from core.events.serializers import EventsOutput, EventTypesOutput
from core.listing import LIMIT_MAX

Row = dict[str, Any]


class EventsView(TenantView):
    resource = "events"

    @reads(
        "events.events.view",
        EventsOutput,
        filters=EventFilter,
        summary="What happened in the company after `after`, in order and without gaps",
    )
    def get(self, request: TenantRequest, filters: Row) -> Row:
        """Ask again with `next`. 410 `GONE` when what you have not had is no longer kept."""
        found = event_list(
            request.ctx,
            after=filters["after"] or 0,
            limit=filters["limit"] or LIMIT_MAX,
            names=_names(filters["type"]),
        )
        return found._asdict()


class EventTypesView(TenantView):
    resource = "events"

    @reads(AUTHENTICATED, EventTypesOutput, summary="The kinds of events that are told")
    def get(self, request: TenantRequest) -> Row:
        return {
            "data": [
                {"type": one.name, "description": one.description, "fields": one.fields}
                for one in catalogue.event_types()
            ]
        }


def _names(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",")] if text else []
    if unknown := catalogue.unknown(names):
        raise Invalid.field("type", f"`{unknown[0]}` is not told; see events/types/.")
    return names
