"""Shapes of the stream."""

from rest_framework import serializers


class EventOutput(serializers.Serializer):
    sequence = serializers.IntegerField(help_text="1, 2, 3 and so on, in the order of commits.")
    id = serializers.UUIDField()
    type = serializers.CharField(
        help_text="Such as `document.posted`; `internal` where only that it happened is told."
    )
    occurred_at = serializers.DateTimeField()
    actor_id = serializers.UUIDField(allow_null=True, help_text="Who did it.")
    data = serializers.DictField(  # type: ignore[assignment]
        help_text="Ids and the like; fetch what they name. Its fields: `events/types/`."
    )


class EventsOutput(serializers.Serializer):
    data = EventOutput(many=True)  # type: ignore[assignment]
    next = serializers.IntegerField(help_text="Ask with this as `after` the next time.")
    is_more = serializers.BooleanField(help_text="Ask again at once.")


class EventTypeOutput(serializers.Serializer):
    type = serializers.CharField()
    description = serializers.CharField()
    fields = serializers.ListField(  # type: ignore[assignment]
        child=serializers.CharField(), help_text="Of `data`; more may come."
    )


class EventTypesOutput(serializers.Serializer):
    data = EventTypeOutput(many=True)  # type: ignore[assignment]
