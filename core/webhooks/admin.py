"""Webhooks in the staff console: how each fares, what it was sent, and the buttons of the API."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_POST
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RangeDateTimeFilter

from core.errors import DomainError
from core.tenancy.admin import (
    Button,
    Column,
    Fact,
    Record,
    RecordAdmin,
    StaffRequest,
    Table,
    readable_refusals,
)
from core.tenancy.context import Context
from core.webhooks.models import DeliveryState, WebhookDelivery, WebhookEndpoint, WhyDisabled
from core.webhooks.selectors import webhook_get
from core.webhooks.services.deliveries import Range, deliveries_replay, delivery_replay
from core.webhooks.services.endpoints import webhook_enable, webhook_test, webhook_update

SHOWN = 50


def _switch_off(ctx: Context, *, endpoint_id: UUID) -> None:
    webhook_update(ctx, endpoint_id=endpoint_id, values={"is_enabled": False})


def _replay_dead(ctx: Context, *, endpoint_id: UUID) -> None:
    deliveries_replay(ctx, endpoint_id=endpoint_id, asked=Range())


#: Verb to its service, the permission it needs, its label, and what is said afterwards.
TURNS: dict[str, tuple[Callable[..., None], str, str, str]] = {
    "enable": (
        webhook_enable, "webhooks.endpoints.update", "Switch on", "It goes on where it stopped."
    ),
    "disable": (
        _switch_off, "webhooks.endpoints.update", "Switch off", "It is sent nothing any more."
    ),
    "test": (
        webhook_test, "webhooks.endpoints.update", "Send a test", "`webhook.tested` is on its way."
    ),
    "replay": (
        _replay_dead, "webhooks.deliveries.replay", "Send the dead again", "They are sent again."
    ),
}  # fmt: skip


@admin.register(WebhookEndpoint)
class WebhookEndpointAdmin(RecordAdmin):
    page = "webhooks.endpoints"
    list_display = ("url", "description", "is_enabled", "disabled_reason", "created_at")
    list_filter = ("is_enabled", ("disabled_reason", ChoicesDropdownFilter))
    search_fields = ("url__startswith",)
    ordering = ("-id",)

    def get_queryset(self, request: StaffRequest) -> QuerySet[Any]:
        return WebhookEndpoint.objects.filter(deleted_at=None).order_by(*self.ordering)

    def get_urls(self) -> list[URLPattern]:
        turn = self.admin_site.admin_view(require_POST(self.turn_view))
        return [
            path(f"<uuid:endpoint_id>/{verb}/", turn, {"verb": verb}, name=f"webhook_{verb}")
            for verb in TURNS
        ] + super().get_urls()

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
        return Record(facts, [self._deliveries(obj)], self._buttons(request, obj))

    def turn_view(self, request: StaffRequest, endpoint_id: UUID, verb: str) -> HttpResponse:
        service, permission, _, done = TURNS[verb]
        if not request.user.has_perm(permission):
            raise PermissionDenied
        try:
            with readable_refusals():
                service(request.ctx, endpoint_id=endpoint_id)
            messages.success(request, done)
        except DomainError as refusal:
            messages.error(request, refusal.message)
        address = reverse("admin:webhooks_webhookendpoint_change", args=[endpoint_id])
        return HttpResponseRedirect(address)

    def _deliveries(self, endpoint: Any) -> Table:
        columns = [Column(title) for title in ("Number", "Event", "State", "Attempts", "Answer")]
        rows = WebhookDelivery.objects.filter(endpoint=endpoint).order_by("-number")[:SHOWN]
        cells = [
            (one.number, one.type, one.get_state_display(), one.attempts, one.error or one.status)
            for one in rows
        ]
        return Table("The last deliveries", columns, cells)

    def _buttons(self, request: StaffRequest, endpoint: Any) -> list[Button]:
        offered = ("disable", "test", "replay") if endpoint.is_enabled else ("enable",)
        return [
            Button(TURNS[verb][2], reverse(f"admin:webhook_{verb}", args=[endpoint.pk]))
            for verb in offered
            if request.user.has_perm(TURNS[verb][1])
        ]


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
        for delivery_id, endpoint_id in queryset.values_list("pk", "endpoint_id"):
            try:
                with readable_refusals():
                    delivery_replay(request.ctx, endpoint_id=endpoint_id, delivery_id=delivery_id)
                messages.success(request, "It is sent again.")
            except DomainError as refusal:
                messages.error(request, refusal.message)

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
