"""Doors of webhooks."""

from typing import Any
from uuid import UUID

from core.api.endpoints import reads, writes
from core.api.requests import TenantRequest
from core.api.views import TenantView, expected_version
from core.audit.views import history_view
from core.listing import Page, PageRequest
from core.webhooks import selectors
from core.webhooks.filters import DeliveryFilter, WebhookFilter
from core.webhooks.models import WebhookEndpoint
from core.webhooks.serializers import (
    DeliveryDetail,
    DeliveryOutput,
    ReplayBody,
    ReplayOutput,
    RotateBody,
    WebhookBody,
    WebhookCreated,
    WebhookOutput,
    WebhookPatch,
)
from core.webhooks.services import deliveries, endpoints

Row = dict[str, Any]
VIEW, UPDATE = "webhooks.endpoints.view", "webhooks.endpoints.update"
LOG, REPLAY = "webhooks.deliveries.view", "webhooks.deliveries.replay"


class WebhooksView(TenantView):
    resource = "webhooks"

    @reads(VIEW, WebhookOutput, many=True, filters=WebhookFilter, csv=True, summary="Newest first")
    def get(self, request: TenantRequest, page: PageRequest) -> Page:
        return selectors.webhook_list(request.ctx, page=page)

    @writes(
        "webhooks.endpoints.create",
        WebhookCreated,
        body=WebhookBody,
        status=201,
        etag=True,
        idempotent=False,  # a replayed answer would have to be kept, with its secret
        summary="Have events sent to an address, from the next one on",
    )
    def post(self, request: TenantRequest, body: Row) -> Row:
        """The secret is shown in this answer and never again."""
        asked = endpoints.EndpointInput(**body)
        id_, secret = endpoints.webhook_create(request.ctx, endpoint=asked)
        return selectors.webhook_get(request.ctx, endpoint_id=id_) | {"secret": secret}


class WebhookView(TenantView):
    resource = "webhooks"

    @reads(VIEW, WebhookOutput, etag=True, summary="One, and how it fares")
    def get(self, request: TenantRequest, id: UUID) -> Row:
        return selectors.webhook_get(request.ctx, endpoint_id=id)

    @writes(
        UPDATE,
        WebhookOutput,
        body=WebhookPatch,
        partial=True,
        etag=True,
        summary="Change it, or switch it off or on",
    )
    def patch(self, request: TenantRequest, id: UUID, body: Row) -> Row:
        endpoints.webhook_update(
            request.ctx, endpoint_id=id, values=body, expected_version=expected_version(request)
        )
        return selectors.webhook_get(request.ctx, endpoint_id=id)

    @writes("webhooks.endpoints.delete", status=204, summary="Send it nothing any more")
    def delete(self, request: TenantRequest, id: UUID) -> None:
        endpoints.webhook_delete(
            request.ctx, endpoint_id=id, expected_version=expected_version(request)
        )


class WebhookEnableView(TenantView):
    resource = "webhooks"

    @writes(UPDATE, WebhookOutput, transition=True, etag=True, summary="Switch it on again")
    def post(self, request: TenantRequest, id: UUID) -> Row:
        """It goes on where it stopped, as far back as events are kept."""
        endpoints.webhook_enable(request.ctx, endpoint_id=id)
        return selectors.webhook_get(request.ctx, endpoint_id=id)


class WebhookRotateView(TenantView):
    resource = "webhooks"

    @writes(
        UPDATE,
        WebhookCreated,
        body=RotateBody,
        etag=True,
        idempotent=False,
        summary="Give it a new secret; the one of before goes on signing beside it",
    )
    def post(self, request: TenantRequest, id: UUID, body: Row) -> Row:
        secret = endpoints.webhook_rotate(request.ctx, endpoint_id=id, **body)
        return selectors.webhook_get(request.ctx, endpoint_id=id) | {"secret": secret}


class WebhookTestView(TenantView):
    resource = "webhooks"

    @writes(UPDATE, status=204, transition=True, summary="Send it `webhook.tested`")
    def post(self, request: TenantRequest, id: UUID) -> None:
        """The way of all events, so it shows in `deliveries/` a moment later."""
        endpoints.webhook_test(request.ctx, endpoint_id=id)


class WebhookReplayView(TenantView):
    resource = "webhooks"

    @writes(
        REPLAY,
        ReplayOutput,
        body=ReplayBody,
        transition=True,
        summary="Send again what is dead, or a range of the sequence",
    )
    def post(self, request: TenantRequest, id: UUID, body: Row) -> Row:
        asked = deliveries.Range(body["first_sequence"], body["last_sequence"], body["only_dead"])
        count = deliveries.deliveries_replay(request.ctx, endpoint_id=id, asked=asked)
        return {"queued": count}


class DeliveriesView(TenantView):
    resource = "webhooks"

    @reads(
        LOG,
        DeliveryOutput,
        many=True,
        filters=DeliveryFilter,
        csv=True,
        summary="What it was and is to be sent, newest first",
    )
    def get(self, request: TenantRequest, page: PageRequest, id: UUID) -> Page:
        return selectors.delivery_list(request.ctx, endpoint_id=id, page=page)


class DeliveryView(TenantView):
    resource = "webhooks"

    @reads(LOG, DeliveryDetail, summary="One, with what is sent")
    def get(self, request: TenantRequest, id: UUID, delivery_id: UUID) -> Row:
        return selectors.delivery_get(request.ctx, endpoint_id=id, delivery_id=delivery_id)


class DeliveryReplayView(TenantView):
    resource = "webhooks"

    @writes(REPLAY, DeliveryDetail, transition=True, summary="Send it again, under its own id")
    def post(self, request: TenantRequest, id: UUID, delivery_id: UUID) -> Row:
        deliveries.delivery_replay(request.ctx, endpoint_id=id, delivery_id=delivery_id)
        return selectors.delivery_get(request.ctx, endpoint_id=id, delivery_id=delivery_id)


WebhookHistoryView = history_view(
    VIEW, WebhookEndpoint, lambda ctx, key: selectors.webhook_get(ctx, endpoint_id=key)
)
