"""What the company's papers say of it."""

from django import forms
from django.contrib import admin

from accounting.admin.reference import ReferenceForm
from accounting.models import Letterhead
from accounting.selectors.papers import letterhead_get
from accounting.serializers.letterheads import LetterheadBody
from accounting.services.reference import letterhead_update
from core.printing.logos import BYTES_MAX
from core.tenancy.admin import SingleRecordAdmin, Values
from core.tenancy.context import Context


class LetterheadForm(ReferenceForm):
    shape = LetterheadBody

    picture = forms.FileField(
        required=False, label="New logo", help_text=f"A PNG of {BYTES_MAX // 1000} kB at most."
    )


@admin.register(Letterhead)
class LetterheadAdmin(SingleRecordAdmin):
    page = "accounting.letterhead"
    form = LetterheadForm
    fields = (
        ("legal_name", "registration"), ("address", "country"), ("tax_number", "phone"),
        ("email", "website"), ("bank_name", "bank_account", "bank_code"), "payment_note",
        "footer", ("language", "color"), "picture", "version",
    )  # fmt: skip

    def the_record(self, ctx: Context) -> Letterhead:
        return letterhead_get(ctx)

    def update_record(self, ctx: Context, values: Values, version: int | None) -> Letterhead:
        picture = values.pop("picture", None)
        if picture is not None:
            values["logo"] = picture.read(BYTES_MAX + 1)
        return letterhead_update(ctx, values=values, expected_version=version)
