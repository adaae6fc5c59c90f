"""The company's plan and how much of it is used; changed by the platform's admins."""

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse

from activity.admin.pages import PageAdmin
from activity.models import UsageQuota
from activity.plans import PLANS
from activity.selectors.quotas import quota_get
from activity.services.quotas import quota_update
from core.errors import DomainError
from core.tenancy.admin import StaffRequest, Values, readable_refusals


@admin.register(UsageQuota)
class UsageQuotaAdmin(PageAdmin):
    page = "activity.quotas"
    title = "Quota of usage events"
    template = "admin/usage_quota.html"

    def changelist_view(
        self, request: StaffRequest, extra_context: Values | None = None
    ) -> HttpResponse:
        if request.method == "POST":
            return self._save(request)
        if not self.may(request, "view"):
            raise PermissionDenied
        shown = {
            "quota": quota_get(request.ctx),
            "plans": PLANS,
            "may_change": self.may(request, "update"),
        }
        return self.answer(request, shown)

    def _save(self, request: StaffRequest) -> HttpResponse:
        if not self.may(request, "update"):
            raise PermissionDenied
        if request.POST.get("_tenant") != str(request.ctx.tenant_id):
            raise PermissionDenied("Nothing was saved: this form was opened for another company.")
        try:
            with readable_refusals():
                quota_update(request.ctx, plan=request.POST.get("plan", ""))
            messages.success(request, "Saved.")
        except DomainError as refusal:
            messages.error(request, refusal.message)
        return HttpResponseRedirect(reverse(f"admin:{self.name}"))
