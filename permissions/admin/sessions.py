"""Who is logged in to the chosen company, and the button that ends it."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet

from core.tenancy.admin import Fact, Record, RecordAdmin, StaffRequest
from permissions.models import UserSession
from permissions.selectors.sessions import sessions_alive
from permissions.services.sessions import sessions_revoke


@admin.register(UserSession)
class UserSessionAdmin(RecordAdmin):
    """Logins by the API. A global table, so the company is asked for by name."""

    page = "permissions.sessions"
    list_display = ("email", "device", "address", "created_at", "last_seen_at")
    list_select_related = ("user",)
    search_fields = ("user__email__istartswith",)
    search_help_text = "E-mail"
    ordering = ("-id",)
    actions = ("end_selected",)

    def get_queryset(self, request: StaffRequest) -> QuerySet[Any]:
        return sessions_alive(request.ctx).select_related("user").order_by(*self.ordering)

    def has_revoke_permission(self, request: StaffRequest) -> bool:
        return self.may(request, "revoke")

    @admin.display(description="e-mail", ordering="user__email")
    def email(self, session: Any) -> str:
        return str(session.user.email)

    @admin.action(description="End", permissions=["revoke"])
    def end_selected(self, request: StaffRequest, queryset: QuerySet[Any]) -> None:
        ids = list(queryset.values_list("pk", flat=True))
        ended = sessions_revoke(request.ctx, session_ids=ids)
        messages.success(request, f"Logins ended: {ended}.")

    def record(self, request: StaffRequest, obj: Any) -> Record:
        return Record(
            [
                Fact("E-mail", obj.user.email),
                Fact("Device", obj.device or "-"),
                Fact("Address", obj.address or "-"),
                Fact("Logged in", obj.created_at),
                Fact("Last seen", obj.last_seen_at),
                Fact("Ends, unless refreshed", obj.refresh_expires_at),
            ]
        )
