"""A page of its own in place of a model's list and forms."""

from typing import Any

from django.http import HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path

from core.tenancy.admin import StaffRequest, TenantModelAdmin, Values


class PageAdmin(TenantModelAdmin):
    title = ""
    template = ""

    @property
    def name(self) -> str:
        return f"activity_{self.opts.model_name}_changelist"

    def get_urls(self) -> list[URLPattern]:
        return [path("", self.admin_site.admin_view(self.changelist_view), name=self.name)]

    def has_add_permission(self, request: StaffRequest) -> bool:
        return False

    def has_change_permission(self, request: StaffRequest, obj: Any = None) -> bool:
        return False

    def answer(self, request: StaffRequest, shown: Values) -> HttpResponse:
        context = self.admin_site.each_context(request) | {"title": self.title} | shown
        return TemplateResponse(request, self.template, context)
