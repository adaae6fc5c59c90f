"""Filters of the list of events, and the parameters of the summary."""

from django.db.models import QuerySet
from django_filters import CharFilter, ChoiceFilter, FilterSet, UUIDFilter

from activity.catalogue import TYPES
from activity.models import UsageEvent
from core.api.filters import day_filter

PROPERTIES_LENGTH_MAX = 500


class SpanFilter(FilterSet):
    type = ChoiceFilter(choices=[(name, name) for name in sorted(TYPES)])
    #: The selector turns them into a range of keys.
    occurred_from = day_filter(method="nothing_more", label="The first day, UTC.")
    occurred_until = day_filter(method="nothing_more", label="The last day, UTC.")

    def nothing_more(
        self, queryset: QuerySet[UsageEvent], name: str, value: object
    ) -> QuerySet[UsageEvent]:
        """The selector does it."""
        return queryset


class UsageEventFilter(SpanFilter):
    user_id = UUIDFilter(field_name="user")
    properties = CharFilter(
        method="nothing_more",
        max_length=PROPERTIES_LENGTH_MAX,
        label='A JSON object that they hold, such as {"page": "/invoices"}.',
    )


class SummaryFilter(SpanFilter):
    by = ChoiceFilter(
        choices=[("day", "day"), ("hour", "hour")],
        method="nothing_more",
        label="`day` by default; hours of at most eight days.",
    )
