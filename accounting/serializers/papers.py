"""What is asked of papers: whose, of when, and to whom they go."""

from typing import Any
from uuid import UUID

from rest_framework import serializers

from accounting.printing.papers import STATEMENT, Wanted
from accounting.services.papers import RECIPIENTS_MAX, SENT_MAX, Mailing
from core.api.fields import DayField, text

Row = dict[str, Any]
MESSAGE_MAX = 2000


class MailingBody(serializers.Serializer):
    recipients = serializers.ListField(
        child=serializers.EmailField(max_length=254),
        default=list,
        max_length=RECIPIENTS_MAX,
        help_text="A mail to each. Empty: to the contact.",
    )
    message = text(MESSAGE_MAX, help_text="Stands above the words of the template.")


class ManyBody(serializers.Serializer):
    ids = serializers.ListField(
        child=serializers.UUIDField(), allow_empty=False, max_length=SENT_MAX
    )
    message = text(MESSAGE_MAX, help_text="Stands above the words of the template.")


class StatementBody(serializers.Serializer):
    side = serializers.ChoiceField(["receivables", "payables"], default="receivables")
    starts_on = DayField(
        required=False, allow_null=True, default=None, help_text="Default: the year's first day."
    )
    ends_on = DayField(required=False, allow_null=True, default=None, help_text="Default: today.")

    def validate(self, attrs: Row) -> Row:
        starts_on, ends_on = attrs["starts_on"], attrs["ends_on"]
        if starts_on and ends_on and ends_on < starts_on:
            raise serializers.ValidationError({"ends_on": "Before the first day."})
        return attrs


class StatementMailingBody(StatementBody, MailingBody):
    pass


class JobsStarted(serializers.Serializer):
    job_ids = serializers.ListField(
        child=serializers.UUIDField(), help_text="In the order of `ids`."
    )


def statement_wanted(contact_id: UUID, body: Row) -> Wanted:
    return Wanted(STATEMENT, contact_id, body["side"], body["starts_on"], body["ends_on"])


def mailing(body: Row) -> Mailing:
    return Mailing(tuple(body.get("recipients", ())), body["message"].strip())
