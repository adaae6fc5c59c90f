from typing import Any
from uuid import UUID

from core.api.endpoints import reads, writes
from core.api.requests import TenantRequest
from core.api.views import TenantView
from core.errors import Invalid
from core.jobs.positions import understood
from messaging.filters import LiveFilter
from messaging.selectors.live import live_missed
from messaging.serializers.live import LiveOutput, live_shape
from messaging.services.typing import typing_tell

POLLED_MAX = 500


class LivePollView(TenantView):
    resource = "live"

    @reads(
        "messaging.messages.view",
        LiveOutput,
        filters=LiveFilter,
        summary="What happened in the caller's threads since `after`; what the stream tells",
    )
    def get(self, request: TenantRequest, filters: dict[str, Any]) -> dict[str, object]:
        text = filters["after"]
        after = understood(text) if text else None
        if text and after is None:
            raise Invalid.field("after", "Not a place that was given out here.")
        return live_shape(live_missed(request.ctx, after=after, limit=POLLED_MAX))


class TypingView(TenantView):
    resource = "threads"

    @writes(
        "messaging.messages.create",
        status=204,
        idempotent=False,
        summary="Tell the others in the thread that the caller is typing; kept nowhere",
    )
    def post(self, request: TenantRequest, id: UUID) -> None:
        typing_tell(request.ctx, thread_id=id)
