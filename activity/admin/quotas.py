"""The company's plan and how much of it is used; changed by the platform's admins."""

from functools import partial

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse

from activity.admin.pages import PageAdmin
from activity.models import UsageQuota
from activity.plans import PLANS
from activity.selectors.quotas import quota_get
from activity.services.quotas import quota_update
from core.tenancy.acts import perform
from core.tenancy.admin import StaffRequest, Values


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
        work = partial(quota_update, request.ctx, plan=request.POST.get("plan", ""))
        perform(request, work, "Saved.")
        return HttpResponseRedirect(reverse(f"admin:{self.name}"))
