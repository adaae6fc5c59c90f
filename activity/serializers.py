"""Usage events, their sums, and quotas."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from activity.plans import PLANS
from activity.services.events import ACCEPTED, BATCH_MAX, DUPLICATE, REFUSED
from activity.services.items import REASONS

TOKEN_LENGTH_MAX = 200
EXAMPLE = {
    "id": "019b4f2e-7c00-7a31-9d3c-5f0b6a1e2d47",
    "type": "page.viewed",
    "properties": {"page": "/invoices"},
}


@extend_schema_field(
    {
        "type": "array",
        "minItems": 1,
        "maxItems": BATCH_MAX,
        "description": "Each an object of `id` (a UUIDv7 made when it happened), `type`, "
        "`properties`. One that is something else is refused by itself, in the answer.",
        "items": {"example": EXAMPLE},
    }
)
class EventsField(serializers.Field):
    """The items as they came: they are looked at one by one, later, so that one bad one is one."""

    default_error_messages = {"size": f"A list of 1 to {BATCH_MAX} events."}

    def to_internal_value(self, data: Any) -> list[Any]:
        if not isinstance(data, list) or not 1 <= len(data) <= BATCH_MAX:
            self.fail("size")
        return data

    def to_representation(self, value: list[Any]) -> list[Any]:
        return value


class TokenField(serializers.CharField):
    """Text, and not a number that could be written as text."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        value: str = super().to_internal_value(data)
        return value


class UsageEventsBody(serializers.Serializer):
    token = TokenField(
        required=False,
        max_length=TOKEN_LENGTH_MAX,
        help_text="Of `usage-events/tokens/`, where no Authorization header can be sent.",
    )
    events = EventsField()


class ResultOutput(serializers.Serializer):
    id = serializers.CharField(allow_null=True, help_text="As it was sent.")
    status = serializers.ChoiceField(choices=[ACCEPTED, DUPLICATE, REFUSED])
    reason = serializers.ChoiceField(choices=list(REASONS), allow_null=True)
    message = serializers.CharField(allow_null=True)


class TakenOutput(serializers.Serializer):
    accepted = serializers.IntegerField()
    duplicates = serializers.IntegerField()
    refused = serializers.IntegerField()
    quota = serializers.ChoiceField(
        choices=["ok", "warning", "exceeded"], help_text="`warning` from 80 % of the month's on."
    )
    results = ResultOutput(many=True, help_text="In the order of the events.")


class TokenOutput(serializers.Serializer):
    token = serializers.CharField()
    expires_at = serializers.DateTimeField()


class UsageEventOutput(serializers.Serializer):
    id = serializers.UUIDField()
    type = serializers.CharField()
    user_id = serializers.UUIDField(allow_null=True)
    user_name = serializers.CharField(allow_null=True)
    properties = serializers.DictField()
    occurred_at = serializers.DateTimeField()
    received_at = serializers.DateTimeField()
    is_over_quota = serializers.BooleanField()


class SummaryRow(serializers.Serializer):
    starts_at = serializers.DateTimeField()
    type = serializers.CharField()
    events = serializers.IntegerField()
    users = serializers.IntegerField(help_text="Different ones within this row.")


class TypeSum(serializers.Serializer):
    type = serializers.CharField()
    events = serializers.IntegerField()


class SummaryOutput(serializers.Serializer):
    by = serializers.ChoiceField(choices=["hour", "day"])
    occurred_from = serializers.DateField()
    occurred_until = serializers.DateField()
    events = serializers.IntegerField()
    types = TypeSum(many=True)
    rows = SummaryRow(many=True)


class AlertOutput(serializers.Serializer):
    month = serializers.CharField()
    percent = serializers.IntegerField()
    limit = serializers.IntegerField()
    reached_at = serializers.DateTimeField()


class QuotaOutput(serializers.Serializer):
    month = serializers.CharField(help_text="Such as 2026-11, UTC.")
    plan = serializers.ChoiceField(choices=list(PLANS))
    is_hard = serializers.BooleanField(help_text="Beyond the limit events are refused.")
    limit = serializers.IntegerField(allow_null=True)
    used = serializers.IntegerField()
    percent = serializers.IntegerField(allow_null=True)
    state = serializers.ChoiceField(choices=["ok", "warning", "exceeded"])
    alerts = AlertOutput(many=True, help_text="Levels that were reached, the latest month first.")
    version = serializers.IntegerField()


class QuotaPatch(serializers.Serializer):
    plan = serializers.ChoiceField(choices=list(PLANS), required=False)
