"""How long the company keeps its conversations: one field, so a page of its own."""

from functools import partial
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from core.tenancy.acts import perform
from core.tenancy.admin import StaffRequest, TenantModelAdmin, Values
from messaging.models import MessagingSettings
from messaging.selectors.settings import settings_get
from messaging.services.settings import KEPT_MONTHS_MAX, settings_update

NAME = "messaging_messagingsettings_changelist"


class RetentionForm(forms.Form):
    kept_months = forms.IntegerField(required=False, min_value=1, max_value=KEPT_MONTHS_MAX)
    version = forms.IntegerField(widget=forms.HiddenInput)


@admin.register(MessagingSettings)
class MessagingSettingsAdmin(TenantModelAdmin):
    page = "messaging.settings"

    def get_urls(self) -> list[URLPattern]:
        return [path("", self.admin_site.admin_view(self.changelist_view), name=NAME)]

    def has_add_permission(self, request: StaffRequest) -> bool:
        return False

    def changelist_view(
        self, request: StaffRequest, extra_context: Values | None = None
    ) -> HttpResponse:
        if not self.may(request, "view"):
            raise PermissionDenied
        form = RetentionForm(request.POST or None)
        if request.method == "POST" and self._saved(request, form):
            return HttpResponseRedirect(reverse(f"admin:{NAME}"))
        shown = {
            "title": "Retention of conversations",
            "settings": settings_get(request.ctx),
            "form": form,
            "may_change": self.may(request, "update"),
            "months_max": KEPT_MONTHS_MAX,
        }
        context = self.admin_site.each_context(request) | shown
        return TemplateResponse(request, "admin/retention.html", context)

    def _saved(self, request: StaffRequest, form: Any) -> bool:
        if not self.may(request, "update"):
            raise PermissionDenied
        if request.POST.get("_tenant") != str(request.ctx.tenant_id):
            raise PermissionDenied("Nothing was saved: this form was opened for another company.")
        if not form.is_valid():
            messages.error(request, f"Nothing was changed: 1 to {KEPT_MONTHS_MAX} months.")
            return False
        values = {"kept_months": form.cleaned_data["kept_months"]}
        version = form.cleaned_data["version"]
        work = partial(settings_update, request.ctx, values=values, expected_version=version)
        return perform(request, work, "Saved.")
