"""Reports."""

from rest_framework import serializers

from core.api.fields import AmountField


class TrialBalanceRow(serializers.Serializer):
    account_id = serializers.UUIDField()
    code = serializers.CharField()
    name = serializers.CharField()
    type = serializers.CharField()
    debit = AmountField()
    credit = AmountField()
    balance = AmountField()


class TrialBalanceTotals(serializers.Serializer):
    debit = AmountField()
    credit = AmountField()


class TrialBalanceOutput(serializers.Serializer):
    as_of = serializers.DateField()
    currency = serializers.CharField()
    rows = TrialBalanceRow(many=True)
    totals = TrialBalanceTotals()


class AgedTotals(serializers.Serializer):
    current = AmountField()
    days_1_30 = AmountField()
    days_31_60 = AmountField()
    days_61_90 = AmountField()
    days_over_90 = AmountField()
    unallocated = AmountField()
    total = AmountField()


class AgedRow(AgedTotals):
    contact_id = serializers.UUIDField()
    contact_name = serializers.CharField()


class AgedOutput(serializers.Serializer):
    as_of = serializers.DateField()
    currency = serializers.CharField()
    rows = AgedRow(many=True)
    totals = AgedTotals()


class LedgerRow(serializers.Serializer):
    id = serializers.UUIDField()
    effective_on = serializers.DateField()
    journal_id = serializers.UUIDField()
    journal_number = serializers.CharField()
    narration = serializers.CharField()
    reference = serializers.CharField()
    contact_id = serializers.UUIDField(allow_null=True)
    contact_name = serializers.CharField(allow_null=True)
    memo = serializers.CharField()
    debit = AmountField()
    credit = AmountField()
    balance = AmountField()
