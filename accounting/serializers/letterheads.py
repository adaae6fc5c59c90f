"""What the company's papers say of the company."""

import base64
import binascii
from typing import Any

from rest_framework import serializers
from rest_framework.fields import empty

from accounting.models import Letterhead
from accounting.printing.wording import LANGUAGES
from accounting.serializers.reference import COUNTRY
from core.api.fields import text
from core.printing.logos import BYTES_MAX

Row = dict[str, Any]


class PictureField(serializers.CharField):
    """The bytes of a file in base64; empty: none."""

    default_error_messages = {"base64": "Not base64."}

    def run_validation(self, data: Any = empty) -> Any:
        return super().run_validation(data) or b""

    def to_internal_value(self, data: Any) -> bytes:  # type: ignore[override]
        written: str = super().to_internal_value(data)
        try:
            return base64.b64decode(written, validate=True)
        except (binascii.Error, ValueError):
            self.fail("base64")


class LetterheadBody(serializers.Serializer):
    legal_name = text(200, help_text="Empty: the company's name.")
    address = text(1000)
    country = serializers.RegexField(COUNTRY, required=False, allow_blank=True, default="")
    tax_number = text(40)
    registration = text(200)
    email = serializers.EmailField(max_length=254, required=False, allow_blank=True, default="")
    phone = text(40)
    website = text(200)
    bank_name = text(200)
    bank_account = text(60)
    bank_code = text(40)
    payment_note = text(1000)
    footer = text(500)
    language = serializers.ChoiceField(LANGUAGES, default="en")
    color = serializers.RegexField(r"^#[0-9a-f]{6}$", default="#0b6e78")
    logo = PictureField(
        required=False,
        allow_blank=True,
        max_length=BYTES_MAX * 4 // 3 + 4,
        help_text=f"A PNG in base64, of {BYTES_MAX // 1000} kB at most. Empty: none.",
    )


class LetterheadOutput(serializers.Serializer):
    legal_name = serializers.CharField()
    address = serializers.CharField()
    country = serializers.CharField()
    tax_number = serializers.CharField()
    registration = serializers.CharField()
    email = serializers.CharField()
    phone = serializers.CharField()
    website = serializers.CharField()
    bank_name = serializers.CharField()
    bank_account = serializers.CharField()
    bank_code = serializers.CharField()
    payment_note = serializers.CharField()
    footer = serializers.CharField()
    language = serializers.CharField()
    color = serializers.CharField()
    has_logo = serializers.BooleanField()
    version = serializers.IntegerField()


def letterhead_shape(letterhead: Letterhead) -> Row:
    plain = [name for name in LetterheadOutput._declared_fields if name != "has_logo"]
    shown = {name: getattr(letterhead, name) for name in plain}
    return shown | {"has_logo": bool(letterhead.logo)}
