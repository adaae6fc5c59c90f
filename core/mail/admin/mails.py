"""Mails in the staff console: what became of them, and a button."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RangeDateTimeFilter

from core.mail.message_ids import message_id
from core.mail.models import Mail
from core.mail.services import AGAIN, mail_send_again
from core.tenancy.acts import Act, ActsAdmin
from core.tenancy.admin import Fact, Record, StaffRequest

NOTHING = "-"
SEND_AGAIN = Act(
    "Send again",
    "mail.mails.send",
    lambda ctx, mail_id: mail_send_again(ctx, mail_id=mail_id),
    "The mail is sent again.",
    lambda mail: mail.state in AGAIN,
)


@admin.register(Mail)
class MailAdmin(ActsAdmin):
    page = "mail.mails"
    acts = {"send_again": SEND_AGAIN}
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
        self.act(request, "send_again", queryset.values_list("pk", flat=True))

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
        return Record(facts, buttons=self.buttons(request, obj))
