"""Messages, their history, receipts and reactions."""

from typing import Any

from rest_framework import serializers

from messaging.models.messages import BODY_LENGTH_MAX
from messaging.services.messages import ATTACHMENTS_MAX, MENTIONS_MAX, MessageInput

Row = dict[str, Any]
#: Of one file, in bytes: 100 GiB.
SIZE_MAX = 100 * 1024**3


class AttachmentBody(serializers.Serializer):
    """The file itself is kept elsewhere; `key` says where."""

    name = serializers.CharField(max_length=255)
    content_type = serializers.RegexField(
        r"^[A-Za-z0-9.+-]{1,80}/[A-Za-z0-9.+-]{1,80}$", max_length=160
    )
    size = serializers.IntegerField(min_value=0, max_value=SIZE_MAX)
    key = serializers.CharField(max_length=500)


class MessageBody(serializers.Serializer):
    body = serializers.CharField(
        max_length=BODY_LENGTH_MAX,
        required=False,
        allow_blank=True,
        default="",
        trim_whitespace=False,
    )
    reply_to_id = serializers.UUIDField(required=False, allow_null=True, default=None)
    attachments = serializers.ListField(
        child=AttachmentBody(), required=False, default=list, max_length=ATTACHMENTS_MAX
    )
    mentions = serializers.ListField(
        child=serializers.UUIDField(),
        required=False,
        default=list,
        max_length=MENTIONS_MAX,
        help_text="Ids of participants.",
    )


class MessagePatch(serializers.Serializer):
    body = serializers.CharField(
        max_length=BODY_LENGTH_MAX, required=False, allow_blank=True, trim_whitespace=False
    )
    attachments = serializers.ListField(
        child=AttachmentBody(), required=False, max_length=ATTACHMENTS_MAX
    )
    mentions = serializers.ListField(
        child=serializers.UUIDField(), required=False, max_length=MENTIONS_MAX
    )


class AttachmentOutput(serializers.Serializer):
    name = serializers.CharField()
    content_type = serializers.CharField()
    size = serializers.IntegerField()
    key = serializers.CharField()


class ReactionOutput(serializers.Serializer):
    emoji = serializers.CharField()
    count = serializers.IntegerField()
    mine = serializers.BooleanField()


class MessageOutput(serializers.Serializer):
    id = serializers.UUIDField()
    thread_id = serializers.UUIDField()
    sender_id = serializers.UUIDField(allow_null=True)
    sender_name = serializers.CharField(allow_null=True)
    body = serializers.CharField(help_text="Empty when deleted.")
    reply_to_id = serializers.UUIDField(allow_null=True)
    attachments = AttachmentOutput(many=True)
    sent_at = serializers.DateTimeField()
    edited_at = serializers.DateTimeField(allow_null=True)
    deleted_at = serializers.DateTimeField(allow_null=True)
    reactions = ReactionOutput(many=True)
    mentions = serializers.ListField(child=serializers.UUIDField())


class RevisionOutput(serializers.Serializer):
    id = serializers.UUIDField()
    body = serializers.CharField()
    attachments = AttachmentOutput(many=True)
    replaced_by_id = serializers.UUIDField(allow_null=True)
    replaced_at = serializers.DateTimeField()


class WholeMessage(MessageOutput):
    revisions = RevisionOutput(many=True, help_text="What it said before, oldest first.")


class FoundMessage(MessageOutput):
    snippet = serializers.CharField(help_text="HTML: escaped text, what was found in <mark>.")


class ReceiptOutput(serializers.Serializer):
    id = serializers.UUIDField()
    user_id = serializers.UUIDField()
    name = serializers.CharField()
    read_at = serializers.DateTimeField()


class WhoReactedOutput(serializers.Serializer):
    id = serializers.UUIDField()
    user_id = serializers.UUIDField()
    name = serializers.CharField()
    emoji = serializers.CharField()
    reacted_at = serializers.DateTimeField()


class MyReadOutput(serializers.Serializer):
    id = serializers.UUIDField()
    message_id = serializers.UUIDField()
    read_at = serializers.DateTimeField()


def message_input(body: Row) -> MessageInput:
    return MessageInput(**body)
