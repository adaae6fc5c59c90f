"""Mails, the company's ways of writing, and its words."""

from typing import Any

from rest_framework import serializers

from core.api.fields import text
from core.mail.models import MailSettings, MailState, MailTemplate

Row = dict[str, Any]
LANGUAGE = r"^[a-z]{2}$"


class MailRow(serializers.Serializer):
    id = serializers.UUIDField()
    kind = serializers.CharField()
    state = serializers.ChoiceField(MailState.values)
    recipient = serializers.CharField()
    person_id = serializers.UUIDField(allow_null=True)
    about_id = serializers.UUIDField(allow_null=True)
    subject = serializers.CharField()
    attachment_id = serializers.UUIDField(allow_null=True)
    attempts = serializers.IntegerField()
    error = serializers.CharField(help_text="The code that the last mail server gave.")
    actor_id = serializers.UUIDField(allow_null=True)
    created_at = serializers.DateTimeField()
    sent_at = serializers.DateTimeField(allow_null=True)
    failed_at = serializers.DateTimeField(allow_null=True)


class MailOutput(MailRow):
    sender = serializers.CharField()
    reply_to = serializers.CharField()
    text = serializers.CharField(help_text="Links that are worth something are left out.")
    message_id = serializers.CharField()


class MailSettingsBody(serializers.Serializer):
    sender_name = text(100, help_text="Empty: the company's name.")
    sender_address = serializers.EmailField(
        max_length=254,
        required=False,
        allow_blank=True,
        default="",
        help_text="Of a domain that this system writes for. Empty: the system's own.",
    )
    reply_to = serializers.EmailField(
        max_length=254, required=False, allow_blank=True, default="", help_text="For answers."
    )


class MailSettingsOutput(serializers.Serializer):
    sender_name = serializers.CharField()
    sender_address = serializers.CharField()
    reply_to = serializers.CharField()
    version = serializers.IntegerField()


class TemplateBody(serializers.Serializer):
    kind = serializers.CharField(max_length=60)
    language = serializers.RegexField(LANGUAGE)
    subject = serializers.CharField(max_length=200)
    text = serializers.CharField(max_length=5000)


class TemplatePatch(serializers.Serializer):
    subject = serializers.CharField(max_length=200, required=False)
    text = serializers.CharField(max_length=5000, required=False)


class TemplateOutput(serializers.Serializer):
    id = serializers.UUIDField()
    kind = serializers.CharField()
    language = serializers.CharField()
    subject = serializers.CharField()
    text = serializers.CharField()
    version = serializers.IntegerField()


class WordsOutput(serializers.Serializer):
    language = serializers.CharField()
    subject = serializers.CharField()
    text = serializers.CharField()


class KindOutput(serializers.Serializer):
    kind = serializers.CharField()
    title = serializers.CharField()
    placeholders = serializers.ListField(child=serializers.CharField())
    words = WordsOutput(many=True)


class KindsOutput(serializers.Serializer):
    kinds = KindOutput(many=True)


def settings_shape(found: MailSettings) -> Row:
    return {name: getattr(found, name) for name in MailSettingsOutput._declared_fields}


def template_shape(found: MailTemplate) -> Row:
    return {name: getattr(found, name) for name in TemplateOutput._declared_fields}
