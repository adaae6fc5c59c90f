"""Who did what, one event after the other. Looked at, never changed."""

from datetime import timedelta
from typing import Any

import orjson
from django.contrib import admin
from django.db.models import QuerySet

from activity.catalogue import TYPES
from activity.models import UsageEvent
from core.ids import uuid7_floor
from core.tenancy.admin import Fact, Record, RecordAdmin, StaffRequest

#: A client's clock may be ahead by minutes; the months to come are left alone.
AHEAD = timedelta(days=1)
SPANS = {"1": "Last 24 hours", "7": "Last 7 days", "30": "Last 30 days"}


class TypeFilter(admin.SimpleListFilter):
    title, parameter_name = "type", "type"

    def lookups(self, request: Any, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, name) for name in sorted(TYPES)]

    def queryset(self, request: Any, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(type=self.value()) if self.value() else queryset


class SpanFilter(admin.SimpleListFilter):
    title, parameter_name = "time", "days"

    def lookups(self, request: Any, model_admin: Any) -> list[tuple[str, str]]:
        return list(SPANS.items())

    def queryset(self, request: Any, queryset: QuerySet[Any]) -> QuerySet[Any]:
        days = self.value()
        if days not in SPANS:
            return queryset
        return queryset.filter(id__gte=uuid7_floor(request.ctx.now - timedelta(days=int(days))))


@admin.register(UsageEvent)
class UsageEventAdmin(RecordAdmin):
    page = "activity.events"
    list_display = ("happened", "type", "user", "said", "is_over_quota")
    list_filter = (TypeFilter, SpanFilter, "is_over_quota")
    list_select_related = ("user",)
    ordering = ("-id",)

    def get_queryset(self, request: StaffRequest) -> QuerySet[Any]:
        found = super().get_queryset(request)
        return found.filter(id__lt=uuid7_floor(request.ctx.now + AHEAD))

    @admin.display(description="happened", ordering="id")
    def happened(self, event: UsageEvent) -> Any:
        return event.occurred_at

    @admin.display(description="properties")
    def said(self, event: UsageEvent) -> str:
        return properties_of(event)

    def record(self, request: StaffRequest, obj: Any) -> Record:
        return Record(
            [
                Fact("Happened", obj.occurred_at),
                Fact("Received", obj.received_at),
                Fact("Type", obj.type),
                Fact("User", obj.user or "-"),
                Fact("Properties", properties_of(obj)),
                Fact("Beyond the quota", "yes" if obj.is_over_quota else "no"),
            ]
        )


def properties_of(event: UsageEvent) -> str:
    return orjson.dumps(event.properties).decode() if event.properties else "-"
