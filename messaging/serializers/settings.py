"""How long a company keeps its conversations."""

from typing import Any

from rest_framework import serializers

from messaging.models import MessagingSettings
from messaging.services.settings import KEPT_MONTHS_MAX


class RetentionPatch(serializers.Serializer):
    kept_months = serializers.IntegerField(
        min_value=1,
        max_value=KEPT_MONTHS_MAX,
        required=False,
        allow_null=True,
        help_text="Older messages are deleted once a day; null keeps them.",
    )


class RetentionOutput(serializers.Serializer):
    kept_months = serializers.IntegerField(allow_null=True)
    version = serializers.IntegerField()


def settings_shape(settings: MessagingSettings) -> dict[str, Any]:
    return {"kept_months": settings.kept_months, "version": settings.version}
