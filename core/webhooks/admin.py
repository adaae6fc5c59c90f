"""Webhooks in the staff console: how each fares, what it was sent, and the buttons of the API."""

from functools import partial
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models import QuerySet
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RangeDateTimeFilter

from core.tenancy.acts import Act, ActsAdmin, perform
from core.tenancy.admin import Column, Fact, Record, RecordAdmin, StaffRequest, Table
from core.tenancy.context import Context
from core.webhooks.models import DeliveryState, WebhookDelivery, WebhookEndpoint, WhyDisabled
from core.webhooks.selectors import webhook_get
from core.webhooks.services.deliveries import Range, deliveries_replay, delivery_replay
from core.webhooks.services.endpoints import webhook_enable, webhook_test, webhook_update

SHOWN = 50


UPDATE, SEND_AGAIN = "webhooks.endpoints.update", "webhooks.deliveries.replay"


def _enable(ctx: Context, endpoint_id: UUID) -> None:
    webhook_enable(ctx, endpoint_id=endpoint_id)


def _disable(ctx: Context, endpoint_id: UUID) -> None:
    webhook_update(ctx, endpoint_id=endpoint_id, values={"is_enabled": False})


def _test(ctx: Context, endpoint_id: UUID) -> None:
    webhook_test(ctx, endpoint_id=endpoint_id)


def _replay_dead(ctx: Context, endpoint_id: UUID) -> None:
    deliveries_replay(ctx, endpoint_id=endpoint_id, asked=Range())


def _is_on(endpoint: Any) -> bool:
    return bool(endpoint.is_enabled)


def _is_off(endpoint: Any) -> bool:
    return not endpoint.is_enabled


ACTS = {
    "enable": Act("Switch on", UPDATE, _enable, "It goes on where it stopped.", _is_off),
    "disable": Act("Switch off", UPDATE, _disable, "It is sent nothing any more.", _is_on),
    "test": Act("Send a test", UPDATE, _test, "`webhook.tested` is on its way.", _is_on),
    "replay": Act("Send the dead again", SEND_AGAIN, _replay_dead, "They are sent again.", _is_on),
}


@admin.register(WebhookEndpoint)
class WebhookEndpointAdmin(ActsAdmin):
    page = "webhooks.endpoints"
    acts = ACTS
    list_display = ("url", "description", "is_enabled", "disabled_reason", "created_at")
    list_filter = ("is_enabled", ("disabled_reason", ChoicesDropdownFilter))
    search_fields = ("url__startswith",)
    ordering = ("-id",)

    def get_queryset(self, request: StaffRequest) -> QuerySet[Any]:
        return WebhookEndpoint.objects.filter(deleted_at=None).order_by(*self.ordering)

    def record(self, request: StaffRequest, obj: Any) -> Record:
        found = webhook_get(request.ctx, endpoint_id=obj.pk)
        why = WhyDisabled(obj.disabled_reason).label if obj.disabled_reason else "-"
        facts = [
            Fact("Address", obj.url),
            Fact("Description", obj.description or "-"),
            Fact("Events", ", ".join(obj.event_types) or "all that are told"),
            Fact("Is on", "yes" if obj.is_enabled else "no"),
            Fact("Switched off", obj.disabled_at or "-"),
            Fact("Why", why),
            Fact("Failures in a row", found["failures"]),
            Fact("Failing since", found["failing_since"] or "-"),
            Fact("Paused until", found["paused_until"] or "-"),
            Fact("Secret changed", obj.rotated_at or "-"),
        ]
        return Record(facts, [self._deliveries(obj)], self.buttons(request, obj))

    def _deliveries(self, endpoint: Any) -> Table:
        columns = [Column(title) for title in ("Number", "Event", "State", "Attempts", "Answer")]
        rows = WebhookDelivery.objects.filter(endpoint=endpoint).order_by("-number")[:SHOWN]
        cells = [
            (one.number, one.type, one.get_state_display(), one.attempts, one.error or one.status)
            for one in rows
        ]
        return Table("The last deliveries", columns, cells)


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(RecordAdmin):
    page = "webhooks.deliveries"
    list_display = ("type", "endpoint", "number", "state", "attempts", "status", "error",
                    "queued_at", "ended_at")  # fmt: skip
    list_filter = (
        ("state", ChoicesDropdownFilter),
        ("queued_at", RangeDateTimeFilter),
    )
    search_fields = ("type__startswith",)
    search_help_text = "Kind of event"
    ordering = ("-id",)
    actions = ("replay_selected",)

    def get_queryset(self, request: StaffRequest) -> QuerySet[Any]:
        return WebhookDelivery.objects.select_related("endpoint").order_by(*self.ordering)

    def has_replay_permission(self, request: StaffRequest) -> bool:
        return self.may(request, "replay")

    @admin.action(description="Send again", permissions=["replay"])
    def replay_selected(self, request: StaffRequest, queryset: QuerySet[Any]) -> None:
        for delivery in queryset:
            again = partial(
                delivery_replay,
                request.ctx,
                endpoint_id=delivery.endpoint_id,
                delivery_id=delivery.pk,
            )
            perform(request, again, "It is sent again.")

    def record(self, request: StaffRequest, obj: Any) -> Record:
        return Record(
            [
                Fact("Address", obj.endpoint.url),
                Fact("Event", obj.type),
                Fact("Number", obj.number),
                Fact("Sequence", obj.sequence),
                Fact("State", DeliveryState(obj.state).label),
                Fact("Attempts", obj.attempts),
                Fact("Answer", obj.status or "-"),
                Fact("Took", f"{obj.milliseconds} ms" if obj.milliseconds is not None else "-"),
                Fact("Last failure", obj.error or "-"),
                Fact("Happened", obj.occurred_at),
                Fact("To be sent since", obj.queued_at),
                Fact("Next attempt", obj.next_attempt_at or "-"),
                Fact("Ended", obj.ended_at or "-"),
                Fact("Data", obj.data),
            ]
        )
