"""Filters of the log."""

from datetime import date, timedelta

from django.db.models import QuerySet
from django_filters import CharFilter, ChoiceFilter, FilterSet, UUIDFilter

from core.api.filters import day_filter
from core.audit.models import AuditLog
from core.ids import uuid7_floor
from core.partitions.months import beginning

DAY = timedelta(days=1)
SLOW = "With occurred_from, row_id, actor_id or request_id."


class AuditFilter(FilterSet):
    """A time is a range of ids, so it opens few months."""

    row_id = UUIDFilter(label="The record, also one that is deleted.")
    actor_id = UUIDFilter(label="The user who did it.")
    request_id = CharFilter(max_length=200, label="All that one request changed.")
    table = CharFilter(max_length=63, label=f"Such as `accounting_document`. {SLOW}")
    action = ChoiceFilter(choices=AuditLog.Action.choices, label=SLOW)
    operation = CharFilter(max_length=200, label=f"Such as `document.post`. {SLOW}")
    session_id = UUIDFilter(label=f"The login. {SLOW}")
    occurred_from = day_filter(method="since", label="The first day, UTC.")
    occurred_until = day_filter(method="until", label="The last day, UTC.")

    def since(self, queryset: QuerySet[AuditLog], name: str, value: date) -> QuerySet[AuditLog]:
        return queryset.filter(id__gte=uuid7_floor(beginning(value)))

    def until(self, queryset: QuerySet[AuditLog], name: str, value: date) -> QuerySet[AuditLog]:
        return queryset.filter(id__lt=uuid7_floor(beginning(value) + DAY))
