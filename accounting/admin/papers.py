"""Records that are papers too: their PDF, and mailing it, by the jobs that the API starts."""

import re
from collections.abc import Sequence
from typing import Any, ClassVar
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_POST

from accounting.admin.posting import PostingAdmin
from accounting.printing.papers import Wanted
from accounting.serializers.papers import MailingBody, mailing
from accounting.services.papers import Mailing, paper_print_order, paper_send_order
from core.api.errors import field_errors
from core.errors import DomainError, Invalid
from core.tenancy.admin import Ask, Button, StaffRequest, readable_refusals
from core.tenancy.context import Context

READERS = (Ask("recipients", "To"), Ask("message", "Message", "textarea"))
TO_WHOM = "Several with commas between them. Empty: the contact."


def paper_page(request: StaffRequest, wanted: Wanted) -> HttpResponse | None:
    """Order a paper, and lead to the page where it will be; None where that was refused."""
    try:
        with readable_refusals():
            job_id = paper_print_order(request.ctx, wanted=wanted)
    except DomainError as refusal:
        messages.error(request, refusal.message)
        return None
    return HttpResponseRedirect(reverse("admin:made", args=[job_id]))


class PaperAdmin(PostingAdmin):
    """`paper` is the kind of the record's paper."""

    paper: ClassVar[str]
    is_sent: ClassVar[bool] = True
    actions = (*PostingAdmin.actions, "send_selected")

    def has_print_permission(self, request: StaffRequest) -> bool:
        return self.may(request, "print")

    def has_send_permission(self, request: StaffRequest) -> bool:
        return self.is_sent and self.may(request, "send")

    @admin.action(description="Mail to their contacts", permissions=["send"])
    def send_selected(self, request: StaffRequest, queryset: QuerySet[Any]) -> None:
        def send(record: Any) -> str:
            return self._send(request.ctx, record, Mailing())

        self.each(request, queryset, send, "being sent")

    def get_urls(self) -> list[URLPattern]:
        wrap, name = self.admin_site.admin_view, f"accounting_{self.opts.model_name}"
        views = {"print": self.print_view, "send": self.send_view}
        return [
            path(f"<uuid:record_id>/{verb}/", wrap(require_POST(view)), name=f"{name}_{verb}")
            for verb, view in views.items()
        ] + super().get_urls()

    def print_view(self, request: StaffRequest, record_id: UUID) -> HttpResponse:
        if not self.has_print_permission(request):
            raise PermissionDenied
        made = paper_page(request, Wanted(self.paper, record_id))
        return made or self.to_record(request, record_id)

    def send_view(self, request: StaffRequest, record_id: UUID) -> HttpResponse:
        if not self.has_send_permission(request):
            raise PermissionDenied
        rows = self.get_queryset(request).filter(pk=record_id)
        try:
            asked = _mailing(request)
        except Invalid as refusal:
            messages.error(request, f"Nothing was sent: {refusal.fields[0].message}")
        else:
            self.each(request, rows, lambda r: self._send(request.ctx, r, asked), "being sent")
        return self.to_record(request, record_id)

    def buttons(self, request: StaffRequest, record: Any) -> Sequence[Button]:
        def place(verb: str) -> str:
            return reverse(f"admin:accounting_{self.opts.model_name}_{verb}", args=[record.pk])

        found = list(super().buttons(request, record))
        if self.has_print_permission(request):
            found.append(Button("PDF", place("print")))
        if record.state == "posted" and self.has_send_permission(request):
            found.append(Button("Mail", place("send"), READERS, TO_WHOM))
        return found

    def _send(self, ctx: Context, record: Any, asked: Mailing) -> str:
        paper_send_order(ctx, wanted=Wanted(self.paper, record.pk), mailing=asked)
        return str(record)


def _mailing(request: StaffRequest) -> Mailing:
    """Raises Invalid, by the API's own rules."""
    readers = [one for one in re.split(r"[,;\s]+", request.POST.get("recipients", "")) if one]
    body = MailingBody(data={"recipients": readers, "message": request.POST.get("message", "")})
    if not body.is_valid():
        raise Invalid("Please correct this.", fields=field_errors(body.errors))
    return mailing(body.validated_data)
