"""Every conversation of the company, for those who govern them; what they read is logged."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RangeDateTimeFilter

from core.errors import Invalid
from core.listing import PageRequest
from core.tenancy.acts import Act, ActsAdmin
from core.tenancy.admin import Fact, Record, StaffRequest, Values
from messaging.admin.display import messages_of, people_table
from messaging.models import Thread, ThreadKind
from messaging.selectors.conversations import (
    conversation_messages,
    conversation_people,
    conversation_search,
    conversations,
)
from messaging.services.conversations import conversation_close

#: To read what was said one may read messages at all, and govern conversations.
READ = "messaging.messages.view"
WORDS_LENGTH_MAX = 200
CLOSE = Act(
    "Close",
    "messaging.conversations.update",
    lambda ctx, thread_id: conversation_close(ctx, thread_id=thread_id, is_closed=True),
    "The thread is closed.",
    lambda thread: thread.kind != ThreadKind.DIRECT and not thread.is_closed,
)
REOPEN = Act(
    "Open again",
    "messaging.conversations.update",
    lambda ctx, thread_id: conversation_close(ctx, thread_id=thread_id, is_closed=False),
    "It is open again.",
    lambda thread: thread.kind != ThreadKind.DIRECT and thread.is_closed,
)


@admin.register(Thread)
class ThreadAdmin(ActsAdmin):
    """The list says who talks about what and when; only a thread's own page says what."""

    page = "messaging.conversations"
    acts = {"close": CLOSE, "open": REOPEN}
    change_form_template = "admin/conversation.html"
    list_display = ("name", "kind", "visibility", "participants", "said_last", "is_closed")
    list_filter = (
        ("kind", ChoicesDropdownFilter),
        ("visibility", ChoicesDropdownFilter),
        "is_closed",
        ("last_message_at", RangeDateTimeFilter),
    )
    search_fields = ("subject__icontains",)
    search_help_text = "Subject"
    ordering = ("-last_message_at", "-id")

    def get_queryset(self, request: StaffRequest) -> QuerySet[Any]:
        return conversations().order_by(*self.ordering)

    @admin.display(description="subject", ordering="subject")
    def name(self, thread: Any) -> str:
        return thread.subject or f"({thread.get_kind_display().lower()}, no subject)"

    @admin.display(description="participants", ordering="people")
    def participants(self, thread: Any) -> int:
        return int(thread.people)

    @admin.display(description="last message", ordering="last_message_at")
    def said_last(self, thread: Any) -> Any:
        return thread.last_message_at

    def get_urls(self) -> list[URLPattern]:
        search = self.admin_site.admin_view(self.search_view)
        return [path("search/", search, name="messaging_search_changelist"), *super().get_urls()]

    def record(self, request: StaffRequest, obj: Any) -> Record:
        ctx = request.ctx
        facts = [
            Fact("Kind", obj.get_kind_display()),
            Fact("Visibility", obj.get_visibility_display()),
            Fact("About", f"{obj.record_type} {obj.record_id}" if obj.record_id else "-"),
            Fact("Begun", obj.created_at),
            Fact("Last message", obj.last_message_at or "-"),
            Fact("State", "closed" if obj.is_closed else "open"),
        ]
        people = people_table(conversation_people(ctx, thread_id=obj.pk))
        return Record(facts, [people], self.buttons(request, obj))

    def render_change_form(
        self, request: StaffRequest, context: Values, *args: Any, obj: Any = None, **kwargs: Any
    ) -> HttpResponse:
        context["may_read"] = request.user.has_perm(READ)
        if context["may_read"]:
            try:
                found = conversation_messages(request.ctx, thread_id=obj.pk, page=_page(request))
            except Invalid as error:  # a cursor that is not of this list
                raise Http404 from error
            context |= {"messages_shown": messages_of(found.rows), "pagination": found.pagination}
            request.looked_at = {"conversation": str(obj.pk)}
        return super().render_change_form(request, context, *args, obj=obj, **kwargs)

    def search_view(self, request: StaffRequest) -> HttpResponse:
        """Words in any conversation of the company."""
        if not (self.may(request, "view") and request.user.has_perm(READ)):
            raise PermissionDenied
        words = request.GET.get("q", "").strip()[:WORDS_LENGTH_MAX]
        shown: Values = {"title": "Search conversations", "words": words}
        if words:
            try:
                found = conversation_search(request.ctx, words=words, page=_page(request))
            except Invalid as error:
                raise Http404 from error
            shown |= {"found": found.rows, "pagination": found.pagination}
            request.looked_at = {"conversations": words}
        context = self.admin_site.each_context(request) | shown
        return TemplateResponse(request, "admin/conversation_search.html", context)


def _page(request: StaffRequest) -> PageRequest:
    return PageRequest(cursor=request.GET.get("cursor") or None)
