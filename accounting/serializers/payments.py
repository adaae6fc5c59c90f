"""Payments and allocations."""

from typing import Any

from rest_framework import serializers
from rest_framework.fields import empty

from accounting.models import Allocation, Payment
from accounting.services.allocations import AllocationInput
from accounting.services.payments import PaymentInput
from core.api.fields import AmountField, DayField, text

Row = dict[str, Any]
KINDS = ["receipt", "disbursement"]
ALLOCATIONS_MAX = 500


class SettledBody(serializers.Serializer):
    document_id = serializers.UUIDField()
    amount = AmountField(min_value=0)


class PaymentBody(serializers.Serializer):
    kind = serializers.ChoiceField(KINDS)
    contact_id = serializers.UUIDField()
    account_id = serializers.UUIDField(
        required=False, allow_null=True, default=None, help_text="Bank or cash; the bank's account."
    )
    paid_on = DayField()
    amount = AmountField(min_value=0)
    reference = text(100)
    narration = text(500)
    allocations = serializers.ListField(
        child=SettledBody(), required=False, default=list, max_length=ALLOCATIONS_MAX
    )
    post = serializers.BooleanField(default=False, help_text="Post it at once.")


class PaymentPatch(serializers.Serializer):
    contact_id = serializers.UUIDField(required=False)
    account_id = serializers.UUIDField(required=False)
    paid_on = DayField(required=False)
    amount = AmountField(required=False, min_value=0)
    reference = text(100, default=empty)
    narration = text(500, default=empty)


class AllocationBody(serializers.Serializer):
    document_id = serializers.UUIDField(help_text="The invoice or bill that is settled.")
    payment_id = serializers.UUIDField(required=False, allow_null=True, default=None)
    credit_id = serializers.UUIDField(required=False, allow_null=True, default=None)
    amount = AmountField(min_value=0)
    effective_on = DayField(required=False, allow_null=True, default=None)


class PaymentRow(serializers.Serializer):
    id = serializers.UUIDField()
    kind = serializers.ChoiceField(KINDS)
    state = serializers.ChoiceField(["draft", "posted", "reversed"])
    number = serializers.CharField(allow_null=True)
    contact_id = serializers.UUIDField()
    contact_name = serializers.CharField()
    account_id = serializers.UUIDField()
    paid_on = serializers.DateField()
    currency = serializers.CharField()
    amount = AmountField()
    allocated = AmountField()
    reference = serializers.CharField()
    narration = serializers.CharField()
    created_at = serializers.DateTimeField()
    posted_at = serializers.DateTimeField(allow_null=True)
    version = serializers.IntegerField()


class AllocationOutput(serializers.Serializer):
    id = serializers.UUIDField()
    document_id = serializers.UUIDField()
    payment_id = serializers.UUIDField(allow_null=True)
    credit_id = serializers.UUIDField(allow_null=True)
    effective_on = serializers.DateField()
    amount = AmountField()
    reverses_id = serializers.UUIDField(allow_null=True)
    created_at = serializers.DateTimeField()


def payment_input(body: Row) -> tuple[PaymentInput, bool]:
    """What a client asked for, and whether to post it at once."""
    values = {name: value for name, value in body.items() if name not in ("post", "allocations")}
    settled = [(item["document_id"], item["amount"]) for item in body["allocations"]]
    return PaymentInput(**values, allocations=settled), body["post"]


def payment_shape(payment: Payment) -> Row:
    names = [name for name in PaymentRow._declared_fields if name != "contact_name"]
    return {name: getattr(payment, name) for name in names} | {"contact_name": payment.contact.name}


def allocation_input(body: Row) -> AllocationInput:
    return AllocationInput(**body)


def allocation_shape(allocation: Allocation) -> Row:
    return {name: getattr(allocation, name) for name in AllocationOutput._declared_fields}
