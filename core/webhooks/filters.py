"""Filters of deliveries."""

from django_filters import CharFilter, ChoiceFilter, FilterSet

from core.api.filters import TruthFilter, WholeFilter
from core.jobs.positions import LARGEST
from core.webhooks.models import DeliveryState


class WebhookFilter(FilterSet):
    is_enabled = TruthFilter(field_name="is_enabled")


class DeliveryFilter(FilterSet):
    state = ChoiceFilter(choices=DeliveryState.choices)
    type = CharFilter(field_name="type", max_length=100)
    sequence = WholeFilter(field_name="sequence", least=1, largest=LARGEST)
