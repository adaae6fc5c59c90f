"""Records that are posted and reversed: from the list, many at once, and from their own page.

Each transition is one call of a service inside the page's transaction, a
savepoint of its own: what is refused stays whole and says why.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_POST

from core.errors import DomainError, OperationTimeout
from core.tenancy.admin import Ask, Button, RecordAdmin, StaffRequest, readable_refusals
from core.tenancy.context import Context

EFFECTIVE_ON = Ask("effective_on", "Effective on", "date")
#: Records of one bulk action. The series of numbers stays locked until its end,
#: and others who post wait for it, 2 seconds at most.
BULK_MAX = 100


class ReversalForm(forms.Form):
    """The day of a reversal; empty means today."""

    effective_on = forms.DateField(required=False)


class PostingAdmin(RecordAdmin):
    """`post_record` and `reverse_record` call the service and return what it is called now."""

    #: Bulk actions take records in this order, so that numbers follow the calendar.
    date_field: ClassVar[str]
    actions: Sequence[str] = ("post_selected", "reverse_selected")
    reverse_label = "Reverse"
    reversed_word = "reversed"

    def post_record(self, ctx: Context, record: Any) -> str:
        raise NotImplementedError

    def reverse_record(self, ctx: Context, record: Any, effective_on: date | None) -> str:
        raise NotImplementedError

    def can_post(self, record: Any) -> bool:
        """Whether the page offers the button; the service decides again."""
        return bool(record.state == "draft")

    def can_reverse(self, record: Any) -> bool:
        return bool(record.state == "posted")

    def has_post_permission(self, request: StaffRequest) -> bool:
        return self.may(request, "post")

    def has_reverse_permission(self, request: StaffRequest) -> bool:
        return self.may(request, "reverse")

    @admin.action(description="Post", permissions=["post"])
    def post_selected(self, request: StaffRequest, queryset: QuerySet[Any]) -> None:
        self.each(request, queryset, lambda r: self.post_record(request.ctx, r), "posted")

    @admin.action(description="Reverse as of today", permissions=["reverse"])
    def reverse_selected(self, request: StaffRequest, queryset: QuerySet[Any]) -> None:
        def reverse_today(record: Any) -> str:
            return self.reverse_record(request.ctx, record, None)

        self.each(request, queryset, reverse_today, self.reversed_word)

    def get_urls(self) -> list[URLPattern]:
        name = f"accounting_{self.opts.model_name}"
        wrap = self.admin_site.admin_view
        ours = [
            path("<uuid:record_id>/post/", wrap(require_POST(self.post_view)), name=f"{name}_post"),
            path(
                "<uuid:record_id>/reverse/",
                wrap(require_POST(self.reverse_view)),
                name=f"{name}_reverse",
            ),
        ]
        found: list[URLPattern] = super().get_urls()
        return ours + found

    def post_view(self, request: StaffRequest, record_id: object) -> HttpResponse:
        if not self.has_post_permission(request):
            raise PermissionDenied
        rows = self.get_queryset(request).filter(pk=record_id)
        self.each(request, rows, lambda r: self.post_record(request.ctx, r), "posted")
        return self.to_record(request, record_id)

    def reverse_view(self, request: StaffRequest, record_id: object) -> HttpResponse:
        if not self.has_reverse_permission(request):
            raise PermissionDenied
        form = ReversalForm(request.POST)
        if not form.is_valid():
            messages.error(request, "Nothing was changed: the day of the reversal is not a date.")
            return self.to_record(request, record_id)
        day = form.cleaned_data["effective_on"]
        rows = self.get_queryset(request).filter(pk=record_id)
        self.each(
            request, rows, lambda r: self.reverse_record(request.ctx, r, day), self.reversed_word
        )
        return self.to_record(request, record_id)

    def buttons(self, request: StaffRequest, record: Any) -> Sequence[Button]:
        """What this person may do with this record now."""
        name, found = f"admin:accounting_{self.opts.model_name}", []
        if self.can_post(record) and self.has_post_permission(request):
            found.append(Button("Post", reverse(f"{name}_post", args=[record.pk])))
        if self.can_reverse(record) and self.has_reverse_permission(request):
            place = reverse(f"{name}_reverse", args=[record.pk])
            hint = "Books a linked journal with every sign turned. Empty: today."
            found.append(Button(self.reverse_label, place, [EFFECTIVE_ON], hint))
        return found

    def each(
        self,
        request: StaffRequest,
        queryset: QuerySet[Any],
        transition: Callable[[Any], str],
        word: str,
    ) -> None:
        carry_out(request, queryset.order_by(self.date_field, "id"), transition, word)

    def to_record(self, request: StaffRequest, record_id: object) -> HttpResponse:
        name = f"admin:accounting_{self.opts.model_name}_change"
        return HttpResponseRedirect(reverse(name, args=[record_id]))


def carry_out(
    request: StaffRequest, queryset: QuerySet[Any], transition: Callable[[Any], str], word: str
) -> None:
    """Do it to each of them, in their order, and say what is `word` now and what is not."""
    records = list(queryset[: BULK_MAX + 1])
    if len(records) > BULK_MAX:
        messages.error(request, f"Nothing was changed: {BULK_MAX} records at most at once.")
        return
    if not records:
        messages.error(request, f"There is no such {queryset.model._meta.verbose_name}.")
    done, refused = _apply(records, transition)
    if done:
        messages.success(request, _sentence(done, word))
    for message in refused:
        messages.error(request, message)


def _sentence(names: Sequence[str], word: str) -> str:
    if len(names) == 1:
        return f"{names[0]} is {word}."
    return f"{len(names)} are {word}: {', '.join(names)}."


def _apply(records: Iterable[Any], transition: Callable[[Any], str]) -> tuple[list[str], list[str]]:
    """(names of what is done, why the others were refused); a timeout ends it."""
    done: list[str] = []
    refused: list[str] = []
    for record in records:
        try:
            with readable_refusals():
                done.append(transition(record))
        except DomainError as error:
            refused.append(f"{record} was left as it is: {error.message}")
            if isinstance(error, OperationTimeout):
                break
    return done, refused
