"""Manual journals."""

from decimal import Decimal
from typing import Any

from rest_framework import serializers
from rest_framework.fields import empty

from accounting.models import Journal, JournalLine
from accounting.serializers.documents import PostingOutput, posting_shape
from accounting.services.journals import LINES_MAX, JournalInput, JournalLineInput
from core.api.fields import AmountField, DayField, text

Row = dict[str, Any]


class JournalLineBody(serializers.Serializer):
    account_id = serializers.UUIDField()
    debit = AmountField(default=0, min_value=0)
    credit = AmountField(default=0, min_value=0)
    memo = text(500)

    def validate(self, attrs: Row) -> Row:
        if bool(attrs["debit"]) == bool(attrs["credit"]):
            raise serializers.ValidationError("Either a debit or a credit above zero.")
        return attrs


class JournalBody(serializers.Serializer):
    effective_on = DayField()
    narration = text(500)
    reference = text(100)
    lines = serializers.ListField(child=JournalLineBody(), allow_empty=False, max_length=LINES_MAX)
    post = serializers.BooleanField(default=False, help_text="Post it at once.")


class JournalPatch(serializers.Serializer):
    effective_on = DayField(required=False)
    narration = text(500, default=empty)
    reference = text(100, default=empty)
    lines = serializers.ListField(
        child=JournalLineBody(),
        required=False,
        allow_empty=False,
        max_length=LINES_MAX,
        help_text="Replaces all lines.",
    )


class JournalRow(serializers.Serializer):
    id = serializers.UUIDField()
    state = serializers.ChoiceField(["draft", "posted"])
    number = serializers.CharField(allow_null=True)
    effective_on = serializers.DateField()
    narration = serializers.CharField()
    reference = serializers.CharField()
    reverses_id = serializers.UUIDField(allow_null=True)
    created_at = serializers.DateTimeField()
    posted_at = serializers.DateTimeField(allow_null=True)
    version = serializers.IntegerField()


class ListedJournal(JournalRow):
    lines = PostingOutput(many=True, required=False, help_text="With `expand=lines`.")


class JournalOutput(JournalRow):
    lines = PostingOutput(many=True)


def journal_input(body: Row) -> tuple[JournalInput, bool]:
    """What a client asked for, and whether to post it at once."""
    values = {name: value for name, value in body.items() if name != "post"}
    return JournalInput(**values | {"lines": _line_inputs(body["lines"])}), body["post"]


def journal_changes(body: Row) -> Row:
    """The fields of JournalInput that a client wants changed."""
    return body | {"lines": _line_inputs(body["lines"])} if "lines" in body else body


def _line_inputs(lines: list[Row]) -> list[JournalLineInput]:
    return [
        JournalLineInput(
            line["account_id"], Decimal(line["debit"]) - Decimal(line["credit"]), line["memo"]
        )
        for line in lines
    ]


def journal_shape(journal: Journal) -> Row:
    return {name: getattr(journal, name) for name in JournalRow._declared_fields} | {
        "lines": [_line_shape(line) for line in journal.lines.all()]
    }


def listed_shape(row: Row) -> Row:
    if "lines" in row:
        row["lines"] = [_line_shape(line) for line in row["lines"]]
    return row


def _line_shape(line: JournalLine) -> Row:
    names = ("id", "account_id", "contact_id", "amount", "memo")
    return posting_shape({name: getattr(line, name) for name in names})
