"""Webhooks as their company sees them. A secret is shown once, and by no read."""

from rest_framework import serializers

from core.api.fields import text
from core.jobs.positions import LARGEST
from core.webhooks.models import (
    DESCRIPTION_LENGTH_MAX,
    URL_LENGTH_MAX,
    DeliveryState,
    WhyDisabled,
)

EVENT_TYPES_MAX = 100
SECRET_HELP = "Shown this once; receivers verify with it."  # noqa: S105  it is a sentence


def kinds() -> serializers.ListField:
    return serializers.ListField(
        child=serializers.CharField(max_length=100),
        max_length=EVENT_TYPES_MAX,
        default=list,
        help_text="Kinds of events, of `events/types/`; empty for all of them.",
    )


class WebhookBody(serializers.Serializer):
    url = serializers.CharField(
        max_length=URL_LENGTH_MAX, help_text="https://, public, port 443 or 8443."
    )
    description = text(DESCRIPTION_LENGTH_MAX)
    event_types = kinds()


class WebhookPatch(WebhookBody):
    is_enabled = serializers.BooleanField(default=True)


class WebhookOutput(serializers.Serializer):
    id = serializers.UUIDField()
    url = serializers.CharField()
    description = serializers.CharField()
    event_types = serializers.ListField(child=serializers.CharField())
    is_enabled = serializers.BooleanField()
    disabled_at = serializers.DateTimeField(allow_null=True)
    disabled_reason = serializers.ChoiceField(["", *WhyDisabled.values])
    rotated_at = serializers.DateTimeField(allow_null=True, help_text="The last new secret.")
    created_at = serializers.DateTimeField()
    failures = serializers.IntegerField(help_text="In a row, since the last success.")
    failing_since = serializers.DateTimeField(allow_null=True)
    paused_until = serializers.DateTimeField(
        allow_null=True, help_text="Nothing is sent before; it failed again and again."
    )
    version = serializers.IntegerField()


class WebhookCreated(WebhookOutput):
    secret = serializers.CharField(help_text=SECRET_HELP)


class RotateBody(serializers.Serializer):
    keep_previous = serializers.BooleanField(
        default=True, help_text="Let the secret of before sign as well, until the next rotation."
    )


class DeliveryOutput(serializers.Serializer):
    id = serializers.UUIDField(help_text="What `webhook-id` says, at every attempt.")
    number = serializers.IntegerField(help_text="1, 2, 3 and so on of this webhook.")
    sequence = serializers.IntegerField(help_text="Of the company; as in `events/`.")
    event_id = serializers.UUIDField()
    type = serializers.CharField()
    occurred_at = serializers.DateTimeField()
    state = serializers.ChoiceField(DeliveryState.values)
    attempts = serializers.IntegerField()
    queued_at = serializers.DateTimeField(help_text="Since when it is tried.")
    next_attempt_at = serializers.DateTimeField(allow_null=True)
    status = serializers.IntegerField(allow_null=True, help_text="Answered to the last attempt.")
    milliseconds = serializers.IntegerField(allow_null=True, help_text="The last attempt took.")
    error = serializers.CharField(
        help_text="Of the last attempt: `status`, `redirect`, `timeout`, `name`, `forbidden`, "
        "`connect`, `tls`, `protocol`, `network`, `secret`, `unexpected`; empty if none."
    )
    ended_at = serializers.DateTimeField(allow_null=True)


class DeliveryDetail(DeliveryOutput):
    data = serializers.DictField()  # type: ignore[assignment]


class ReplayBody(serializers.Serializer):
    """Both ends of the range are part of it."""

    first_sequence = serializers.IntegerField(
        min_value=1, max_value=LARGEST, required=False, allow_null=True, default=None
    )
    last_sequence = serializers.IntegerField(
        min_value=1, max_value=LARGEST, required=False, allow_null=True, default=None
    )
    only_dead = serializers.BooleanField(default=True, help_text="Not what was delivered already.")


class ReplayOutput(serializers.Serializer):
    queued = serializers.IntegerField(help_text="At most 10,000 a call; ask again for more.")
