"""Threads and who takes part."""

from typing import Any

from rest_framework import serializers

from core.api.fields import text
from messaging.models import ParticipantRole, ThreadKind, Visibility
from messaging.models.threads import SUBJECT_LENGTH_MAX
from messaging.services.participants import PARTICIPANTS_MAX, Joining
from messaging.services.threads import ThreadInput

Row = dict[str, Any]


class JoiningBody(serializers.Serializer):
    user_id = serializers.UUIDField()
    role = serializers.ChoiceField(ParticipantRole.values, default=ParticipantRole.MEMBER)


class ThreadBody(serializers.Serializer):
    kind = serializers.ChoiceField(ThreadKind.values)
    visibility = serializers.ChoiceField(Visibility.values, default=Visibility.INTERNAL)
    subject = text(SUBJECT_LENGTH_MAX)
    record_type = text(60)
    record_id = serializers.UUIDField(required=False, allow_null=True, default=None)
    participants = serializers.ListField(
        child=JoiningBody(),
        required=False,
        default=list,
        max_length=PARTICIPANTS_MAX,
        help_text="The others; whoever begins a thread owns it.",
    )


class ThreadPatch(serializers.Serializer):
    subject = serializers.CharField(max_length=SUBJECT_LENGTH_MAX, required=False, allow_blank=True)
    is_closed = serializers.BooleanField(required=False)


class LastMessage(serializers.Serializer):
    id = serializers.UUIDField()
    sender_id = serializers.UUIDField(allow_null=True)
    sent_at = serializers.DateTimeField()
    preview = serializers.CharField()
    is_deleted = serializers.BooleanField()


class ThreadOutput(serializers.Serializer):
    id = serializers.UUIDField()
    kind = serializers.ChoiceField(ThreadKind.values)
    visibility = serializers.ChoiceField(Visibility.values)
    subject = serializers.CharField()
    record_type = serializers.CharField()
    record_id = serializers.UUIDField(allow_null=True)
    created_by_id = serializers.UUIDField()
    created_at = serializers.DateTimeField()
    last_message_at = serializers.DateTimeField(allow_null=True)
    is_closed = serializers.BooleanField()
    version = serializers.IntegerField()
    role = serializers.ChoiceField(ParticipantRole.values, help_text="The caller's.")
    is_muted = serializers.BooleanField()
    last_read_id = serializers.UUIDField(allow_null=True)
    unread = serializers.IntegerField(help_text="Counted up to 100.")
    last_message = LastMessage(allow_null=True)


class ParticipantsBody(serializers.Serializer):
    participants = serializers.ListField(
        child=JoiningBody(), required=False, default=list, max_length=PARTICIPANTS_MAX
    )
    with_history = serializers.BooleanField(
        default=False, help_text="Show them what was said before."
    )


class ParticipantPatch(serializers.Serializer):
    role = serializers.ChoiceField(ParticipantRole.values, required=False)
    is_muted = serializers.BooleanField(required=False)


class ParticipantOutput(serializers.Serializer):
    id = serializers.UUIDField()
    user_id = serializers.UUIDField()
    name = serializers.CharField()
    role = serializers.ChoiceField(ParticipantRole.values)
    joined_at = serializers.DateTimeField()
    last_read_id = serializers.UUIDField(allow_null=True)
    last_read_at = serializers.DateTimeField(allow_null=True)
    is_muted = serializers.BooleanField()


class ReadBody(serializers.Serializer):
    message_id = serializers.UUIDField(
        required=False, allow_null=True, default=None, help_text="By default the last one."
    )


class ReadOutput(serializers.Serializer):
    thread_id = serializers.UUIDField()
    last_read_id = serializers.UUIDField(allow_null=True)
    receipts = serializers.IntegerField(help_text="Written by this call.")


class UnreadOutput(serializers.Serializer):
    messages = serializers.IntegerField()
    threads = serializers.IntegerField()
    is_capped = serializers.BooleanField(help_text="Some thread has 100 or more.")


def thread_input(body: Row) -> ThreadInput:
    return ThreadInput(**{**body, "participants": joining(body["participants"])})


def joining(rows: list[Row], *, with_history: bool = False) -> list[Joining]:
    return [Joining(row["user_id"], row["role"], with_history) for row in rows]
