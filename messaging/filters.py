"""Filters of threads and messages."""

from django.db.models import QuerySet
from django_filters import CharFilter, ChoiceFilter, FilterSet, UUIDFilter

from core.api.filters import TruthFilter
from messaging.emojis import emoji_of
from messaging.models import Message, MessageReaction, ThreadKind, Visibility
from messaging.models.messages import FILED
from messaging.models.receipts import EMOJI_LENGTH_MAX
from messaging.models.threads import SUBJECT_LENGTH_MAX


class ThreadFilter(FilterSet):
    kind = ChoiceFilter(choices=ThreadKind.choices)
    visibility = ChoiceFilter(choices=Visibility.choices)
    is_closed = TruthFilter(field_name="is_closed")
    record_type = CharFilter(field_name="record_type", max_length=60)
    record_id = UUIDFilter(field_name="record_id")
    subject = CharFilter(
        field_name="subject",
        lookup_expr="holds",
        max_length=SUBJECT_LENGTH_MAX,
        label="A part of it.",
    )


class MessageFilter(FilterSet):
    before = UUIDFilter(field_name="id", lookup_expr="lt", label="Older than this message.")
    after = UUIDFilter(field_name="id", lookup_expr="gt", label="Newer than this message.")
    sender_id = UUIDFilter(field_name="sender")
    has_attachments = TruthFilter(method="filed", label="With files, or without.")
    around = UUIDFilter(
        method="nothing_more", label="Half a page on each side of this message; alone."
    )

    def nothing_more(self, queryset: QuerySet[Message], name: str, value: str) -> QuerySet[Message]:
        """The selector looks at both sides itself."""
        return queryset

    def filed(self, queryset: QuerySet[Message], name: str, value: bool) -> QuerySet[Message]:
        return queryset.filter(FILED) if value else queryset.exclude(FILED)


class ReactionFilter(FilterSet):
    emoji = CharFilter(method="of_emoji", max_length=EMOJI_LENGTH_MAX, label="Of this one only.")

    def of_emoji(
        self, queryset: QuerySet[MessageReaction], name: str, value: str
    ) -> QuerySet[MessageReaction]:
        return queryset.filter(emoji=emoji_of(value))


class SearchFilter(FilterSet):
    q = CharFilter(
        method="words", max_length=200, required=True, label='Words; "quoted", or, -without.'
    )
    thread_id = UUIDFilter(field_name="thread")
    sender_id = UUIDFilter(field_name="sender")

    def words(self, queryset: QuerySet[Message], name: str, value: str) -> QuerySet[Message]:
        """The selector ranks and marks with the same words, so it filters as well."""
        return queryset


class LiveFilter(FilterSet):
    after = CharFilter(max_length=40, label="`next` of the last answer, or the id of an event.")
