"""Invoices, bills, credit and debit notes."""

from decimal import Decimal
from typing import Any

from rest_framework import serializers
from rest_framework.fields import empty

from accounting.selectors.documents import BookedDocument, header_shape
from accounting.services.credits import CreditedLine
from accounting.services.drafts import LINES_MAX, DocumentInput, LineInput
from core.api.fields import AmountField, DayField, text

Row = dict[str, Any]


class LineBody(serializers.Serializer):
    description = text(500)
    item_code = text(60)
    quantity = AmountField(default=Decimal(1))
    unit_price = AmountField()
    discount_percent = AmountField(default=Decimal(0), min_value=0, max_value=100)
    account_id = serializers.UUIDField(required=False, allow_null=True, default=None)
    tax_id = serializers.UUIDField(required=False, allow_null=True, default=None)


class DocumentBody(serializers.Serializer):
    contact_id = serializers.UUIDField()
    issued_on = DayField()
    due_on = DayField(required=False, allow_null=True, default=None)
    reference = text(100)
    narration = text(500)
    lines = serializers.ListField(child=LineBody(), allow_empty=False, max_length=LINES_MAX)
    post = serializers.BooleanField(default=False, help_text="Post it at once.")


class DocumentPatch(serializers.Serializer):
    contact_id = serializers.UUIDField(required=False)
    issued_on = DayField(required=False)
    due_on = DayField(required=False, allow_null=True)
    reference = text(100, default=empty)
    narration = text(500, default=empty)
    lines = serializers.ListField(
        child=LineBody(),
        required=False,
        allow_empty=False,
        max_length=LINES_MAX,
        help_text="Replaces all lines.",
    )


class CreditLineBody(serializers.Serializer):
    position = serializers.IntegerField(min_value=1, max_value=LINES_MAX)
    quantity = AmountField(required=False, allow_null=True, default=None)


class CreditBody(serializers.Serializer):
    lines = serializers.ListField(
        child=CreditLineBody(), required=False, default=list, max_length=LINES_MAX
    )
    issued_on = DayField(required=False, allow_null=True, default=None)
    narration = text(500)


class ReverseBody(serializers.Serializer):
    effective_on = DayField(required=False, allow_null=True, default=None)


class DocumentRow(serializers.Serializer):
    id = serializers.UUIDField()
    kind = serializers.ChoiceField(["invoice", "bill", "credit_note", "debit_note"])
    status = serializers.ChoiceField(["draft", "posted", "part_paid", "paid", "reversed"])
    number = serializers.CharField(allow_null=True)
    contact_id = serializers.UUIDField()
    contact_name = serializers.CharField()
    issued_on = serializers.DateField()
    due_on = serializers.DateField()
    currency = serializers.CharField()
    country = serializers.CharField()
    reference = serializers.CharField()
    narration = serializers.CharField()
    net = AmountField()
    tax = AmountField()
    total = AmountField()
    allocated = AmountField()
    outstanding = AmountField()
    corrects_id = serializers.UUIDField(allow_null=True)
    created_at = serializers.DateTimeField()
    posted_at = serializers.DateTimeField(allow_null=True)
    version = serializers.IntegerField()


class LineOutput(serializers.Serializer):
    id = serializers.UUIDField()
    position = serializers.IntegerField()
    item_code = serializers.CharField()
    description = serializers.CharField()
    quantity = AmountField()
    unit_price = AmountField()
    discount_percent = AmountField()
    account_id = serializers.UUIDField()
    tax_id = serializers.UUIDField(allow_null=True)
    tax_rate = AmountField()
    tax_inclusive = serializers.BooleanField()
    net = AmountField()
    tax_amount = AmountField()


class TaxGroupOutput(serializers.Serializer):
    tax_id = serializers.UUIDField()
    rate = AmountField()
    net = AmountField()
    tax = AmountField()


class PostingOutput(serializers.Serializer):
    id = serializers.UUIDField()
    account_id = serializers.UUIDField()
    contact_id = serializers.UUIDField(allow_null=True)
    debit = AmountField()
    credit = AmountField()
    memo = serializers.CharField()


class DocumentJournalOutput(serializers.Serializer):
    id = serializers.UUIDField()
    number = serializers.CharField()
    effective_on = serializers.DateField()
    lines = PostingOutput(many=True)


class ListedDocument(DocumentRow):
    lines = LineOutput(many=True, required=False, help_text="With `expand=lines`.")


class DocumentOutput(DocumentRow):
    lines = LineOutput(many=True)
    taxes = TaxGroupOutput(many=True)
    journal = DocumentJournalOutput(allow_null=True)


def document_input(kind: str, body: Row) -> tuple[DocumentInput, bool]:
    """What a client asked for, and whether to post it at once."""
    lines = [LineInput(**line) for line in body["lines"]]
    document = DocumentInput(
        kind=kind,
        contact_id=body["contact_id"],
        issued_on=body["issued_on"],
        due_on=body["due_on"],
        reference=body["reference"],
        narration=body["narration"],
        lines=lines,
    )
    return document, body["post"]


def document_changes(body: Row) -> Row:
    """The fields of DocumentInput that a client wants changed."""
    if "lines" in body:
        return body | {"lines": [LineInput(**line) for line in body["lines"]]}
    return body


def credit_input(body: Row) -> Row:
    lines = [CreditedLine(**line) for line in body["lines"]]
    return {"lines": lines, "issued_on": body["issued_on"], "narration": body["narration"]}


def listed_shape(row: Row) -> Row:
    """A row of a list; its lines are there when they were asked for."""
    if "lines" in row:
        row["lines"] = [_line_shape(line) for line in row["lines"]]
    return row


def document_shape(booked: BookedDocument) -> Row:
    """A document with its lines, tax groups and journal."""
    return header_shape(dict(booked.row)) | {
        "lines": [_line_shape(line) for line in booked.lines],
        "taxes": _tax_groups(booked.lines),
        "journal": booked.journal and _journal_shape(booked.journal),
    }


def _line_shape(line: Row) -> Row:
    return {name: value for name, value in line.items() if name != "document_id"}


def _tax_groups(lines: list[Row]) -> list[Row]:
    """Base and tax per tax and rate, in the order of first use; they add up to the document."""
    groups: dict[Any, Row] = {}
    for line in lines:
        if line["tax_id"] is None:
            continue
        key = (line["tax_id"], line["tax_rate"])
        group = groups.setdefault(
            key, {"tax_id": key[0], "rate": key[1], "net": line["net"] * 0, "tax": line["net"] * 0}
        )
        group["net"] += line["net"]
        group["tax"] += line["tax_amount"]
    return list(groups.values())


def _journal_shape(journal: Row) -> Row:
    return {
        "id": journal["id"],
        "number": journal["number"],
        "effective_on": journal["effective_on"],
        "lines": [posting_shape(line) for line in journal["lines"]],
    }


def posting_shape(line: Row) -> Row:
    """A posting with its signed amount in the debit or the credit column."""
    amount = line["amount"]
    zero = abs(amount * 0)  # as many decimals, and never `-0.00`
    return {
        "id": line["id"],
        "account_id": line["account_id"],
        "contact_id": line["contact_id"],
        "debit": max(amount, zero),
        "credit": max(-amount, zero),
        "memo": line["memo"],
    }
