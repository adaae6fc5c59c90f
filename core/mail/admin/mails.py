"""Mails in the staff console: what became of them, and a button."""

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
from core.mail.message_ids import message_id
from core.mail.models import Mail
from core.mail.services import AGAIN, mail_send_again
from core.tenancy.admin import Button, Fact, Record, RecordAdmin, StaffRequest, readable_refusals

NOTHING = "-"


@admin.register(Mail)
class MailAdmin(RecordAdmin):
    page = "mail.mails"
    list_display = ("subject", "recipient", "kind", "state", "error", "created_at", "sent_at")
    list_filter = (("state", ChoicesDropdownFilter), ("created_at", RangeDateTimeFilter))
    search_fields = ("recipient__startswith", "subject__icontains")
    search_help_text = "Reader or subject"
    ordering = ("-id",)
    actions = ("send_again_selected",)

    def get_queryset(self, request: StaffRequest) -> QuerySet[Any]:
        return Mail.objects.order_by(*self.ordering)

    def has_send_permission(self, request: StaffRequest) -> bool:
        return self.may(request, "send")

    @admin.action(description="Send again", permissions=["send"])
    def send_again_selected(self, request: StaffRequest, queryset: QuerySet[Any]) -> None:
        for mail_id in queryset.values_list("pk", flat=True):
            self._send_again(request, mail_id)

    def get_urls(self) -> list[URLPattern]:
        again = self.admin_site.admin_view(require_POST(self.again_view))
        ours = [path("<uuid:mail_id>/send-again/", again, name="mail_mail_send_again")]
        found: list[URLPattern] = super().get_urls()
        return ours + found

    def again_view(self, request: StaffRequest, mail_id: UUID) -> HttpResponse:
        if not self.has_send_permission(request):
            raise PermissionDenied
        self._send_again(request, mail_id)
        return HttpResponseRedirect(reverse("admin:mail_mail_change", args=[mail_id]))

    def record(self, request: StaffRequest, obj: Mail) -> Record:
        facts = [
            Fact("Subject", obj.subject),
            Fact("To", obj.recipient),
            Fact("From", obj.sender),
            Fact("Answers to", obj.reply_to or NOTHING),
            Fact("Kind", obj.kind),
            Fact("State", obj.get_state_display()),
            Fact("Attempts", obj.attempts),
            Fact("Mail server", obj.error or NOTHING),
            Fact("Written", obj.created_at),
            Fact("Sent", obj.sent_at or NOTHING),
            Fact("Failed", obj.failed_at or NOTHING),
            Fact("Message-ID", message_id(request.ctx.tenant_id, obj.pk)),
            Fact("Text", obj.text),
        ]
        place = reverse("admin:mail_mail_send_again", args=[obj.pk])
        offered = obj.state in AGAIN and self.has_send_permission(request)
        return Record(facts, buttons=[Button("Send again", place)] if offered else [])

    def _send_again(self, request: StaffRequest, mail_id: UUID) -> None:
        try:
            with readable_refusals():
                mail_send_again(request.ctx, mail_id=mail_id)
            messages.success(request, "The mail is sent again.")
        except DomainError as refusal:
            messages.error(request, refusal.message)
