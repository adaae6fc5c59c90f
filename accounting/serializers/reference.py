"""Accounts, taxes, contacts, series and settings."""

from typing import Any

from rest_framework import serializers

from accounting.models import AccountRole, AccountType, SeriesKind, TaxRounding
from accounting.printing.wording import LANGUAGES
from core.api.fields import AmountField, DayField, text

Row = dict[str, Any]
ROLES = ["", *AccountRole.values]
COUNTRY = r"^([A-Z]{2})?$"


class AccountBody(serializers.Serializer):
    code = serializers.CharField(max_length=40)
    name = serializers.CharField(max_length=200)
    type = serializers.ChoiceField(AccountType.values)
    role = serializers.ChoiceField(ROLES, default="")
    parent_id = serializers.UUIDField(required=False, allow_null=True, default=None)
    is_group = serializers.BooleanField(default=False)
    is_active = serializers.BooleanField(default=True)


class AccountOutput(serializers.Serializer):
    id = serializers.UUIDField()
    code = serializers.CharField()
    name = serializers.CharField()
    type = serializers.ChoiceField(AccountType.values)
    role = serializers.CharField()
    parent_id = serializers.UUIDField(allow_null=True)
    is_group = serializers.BooleanField()
    is_active = serializers.BooleanField()
    version = serializers.IntegerField()


class TaxBody(serializers.Serializer):
    code = serializers.CharField(max_length=40)
    name = serializers.CharField(max_length=200)
    rate = AmountField(max_digits=7, decimal_places=4, min_value=0, max_value=100)
    is_inclusive = serializers.BooleanField(default=False)
    account_id = serializers.UUIDField()
    valid_from = DayField(required=False, allow_null=True, default=None)
    valid_until = DayField(required=False, allow_null=True, default=None)
    is_active = serializers.BooleanField(default=True)


class TaxOutput(serializers.Serializer):
    id = serializers.UUIDField()
    code = serializers.CharField()
    name = serializers.CharField()
    rate = AmountField(max_digits=7, decimal_places=4)
    is_inclusive = serializers.BooleanField()
    account_id = serializers.UUIDField()
    valid_from = serializers.DateField(allow_null=True)
    valid_until = serializers.DateField(allow_null=True)
    is_active = serializers.BooleanField()
    version = serializers.IntegerField()


class ContactBody(serializers.Serializer):
    name = serializers.CharField(max_length=200)
    reference = text(100)
    email = serializers.EmailField(max_length=254, required=False, allow_blank=True, default="")
    address = text(1000)
    country = serializers.RegexField(COUNTRY, required=False, allow_blank=True, default="")
    tax_number = text(40)
    is_customer = serializers.BooleanField(default=True)
    is_supplier = serializers.BooleanField(default=False)
    payment_terms_days = serializers.IntegerField(
        min_value=0, max_value=3650, required=False, allow_null=True, default=None
    )
    language = serializers.ChoiceField(
        ["", *LANGUAGES], default="", help_text="Of papers and mails. Empty: the company's."
    )
    is_active = serializers.BooleanField(default=True)


class ContactOutput(serializers.Serializer):
    id = serializers.UUIDField()
    name = serializers.CharField()
    reference = serializers.CharField()
    email = serializers.CharField()
    address = serializers.CharField()
    country = serializers.CharField()
    tax_number = serializers.CharField()
    is_customer = serializers.BooleanField()
    is_supplier = serializers.BooleanField()
    payment_terms_days = serializers.IntegerField(allow_null=True)
    language = serializers.CharField()
    is_active = serializers.BooleanField()
    version = serializers.IntegerField()


class SeriesOutput(serializers.Serializer):
    id = serializers.UUIDField()
    kind = serializers.ChoiceField(SeriesKind.values)
    fiscal_year = serializers.IntegerField()
    prefix = serializers.CharField()
    digits = serializers.IntegerField()
    next_number = serializers.IntegerField()


class NumberFormat(serializers.Serializer):
    prefix = serializers.RegexField(
        r"^([A-Za-z0-9./ -]|\{year\}){0,30}$", max_length=30, allow_blank=True
    )
    digits = serializers.IntegerField(min_value=1, max_value=12)


class NumberFormats(serializers.Serializer):
    invoice = NumberFormat()
    bill = NumberFormat()
    credit_note = NumberFormat()
    debit_note = NumberFormat()
    receipt = NumberFormat()
    disbursement = NumberFormat()
    journal = NumberFormat()


class SettingsBody(serializers.Serializer):
    base_currency = serializers.RegexField(r"^[A-Z]{3}$")
    fiscal_year_start_month = serializers.IntegerField(min_value=1, max_value=12)
    fiscal_year_start_day = serializers.IntegerField(min_value=1, max_value=28)
    tax_rounding = serializers.ChoiceField(TaxRounding.values)
    number_formats = NumberFormats()
    payment_terms_days = serializers.IntegerField(min_value=0, max_value=3650)
    books_kept_years = serializers.IntegerField(
        min_value=0, max_value=100, help_text="The law's: so long a contact of the books stays."
    )


class SettingsPatch(SettingsBody):
    """Any of them. Unlike with `partial`, what is inside `number_formats` must be whole."""

    def get_fields(self) -> dict[str, serializers.Field]:
        fields: dict[str, serializers.Field] = super().get_fields()
        for field in fields.values():
            field.required = False
        return fields


class SettingsOutput(SettingsBody):
    id = serializers.UUIDField()
    version = serializers.IntegerField()


def record_shape(output: type[serializers.Serializer]) -> Any:
    """A function from a record to its declared fields."""
    names = tuple(output._declared_fields)
    return lambda record: {name: getattr(record, name) for name in names}
