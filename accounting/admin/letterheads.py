"""What the company's papers say of it: one record at most, so its list leads straight to it."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse

from accounting.admin.display import address
from accounting.admin.reference import ReferenceForm
from accounting.models import Letterhead
from accounting.selectors.papers import letterhead_get
from accounting.serializers.letterheads import LetterheadBody
from accounting.services.reference import letterhead_update
from core.printing.logos import BYTES_MAX
from core.tenancy.admin import ServiceModelAdmin, StaffRequest, Values
from core.tenancy.context import Context


class LetterheadForm(ReferenceForm):
    shape = LetterheadBody

    picture = forms.FileField(
        required=False, label="New logo", help_text=f"A PNG of {BYTES_MAX // 1000} kB at most."
    )


@admin.register(Letterhead)
class LetterheadAdmin(ServiceModelAdmin):
    page = "accounting.letterhead"
    form = LetterheadForm
    fields = (
        ("legal_name", "registration"), ("address", "country"), ("tax_number", "phone"),
        ("email", "website"), ("bank_name", "bank_account", "bank_code"), "payment_note",
        "footer", ("language", "color"), "picture", "version",
    )  # fmt: skip

    def has_add_permission(self, request: StaffRequest) -> bool:
        return self.may(request, "update")

    def changelist_view(
        self, request: StaffRequest, extra_context: Values | None = None
    ) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        found = letterhead_get(request.ctx)
        if found.version:
            return HttpResponseRedirect(address(found))
        if self.has_add_permission(request):
            return HttpResponseRedirect(reverse("admin:accounting_letterhead_add"))
        response: HttpResponse = super().changelist_view(request, extra_context)
        return response

    def save_record(
        self, ctx: Context, record_id: UUID | None, values: Values, version: int | None
    ) -> Any:
        """A new one is version 0, which somebody else may have written by now."""
        picture = values.pop("picture", None)
        if picture is not None:
            values["logo"] = picture.read(BYTES_MAX + 1)
        expected = 0 if record_id is None else version
        return letterhead_update(ctx, values=values, expected_version=expected)
