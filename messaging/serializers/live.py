from rest_framework import serializers

from core.jobs.positions import shown
from messaging.selectors.live import LiveEvent, Missed


class LiveEventOutput(serializers.Serializer):
    """One event, as on the stream: ids only, what they name is fetched."""

    id = serializers.CharField(help_text="Its place; what follows is asked for with `after`.")
    event = serializers.CharField(help_text="What happened, such as `message.sent`.")
    data = serializers.DictField(  # type: ignore[assignment]
        help_text="Ids: `thread_id`, `message_id`, `user_id` and so on."
    )


class LiveOutput(serializers.Serializer):
    events = LiveEventOutput(many=True)
    next = serializers.CharField(help_text="Ask with this as `after` the next time.")
    is_more = serializers.BooleanField(help_text="Ask again at once.")
    reset = serializers.BooleanField(
        help_text="Too much was missed: fetch everything anew, then go on with `next`."
    )


def live_shape(missed: Missed) -> dict[str, object]:
    return {
        "events": [event_shape(event) for event in missed.events],
        "next": shown(missed.position),
        "is_more": missed.is_more,
        "reset": missed.is_reset,
    }


def event_shape(event: LiveEvent) -> dict[str, object]:
    return {"id": shown(event.position), "event": event.name, "data": event.values}
