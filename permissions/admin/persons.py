"""What the list of members offers about the person behind a membership."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse

from core.privacy.console import report_answer
from core.tenancy.admin import StaffRequest
from permissions.services.erasure import user_report


class PersonActions:
    """The report of everything that is held, and the way to the page that erases."""

    def has_report_permission(self, request: StaffRequest) -> bool:
        return bool(request.user.has_perm("privacy.users.view"))

    def has_erase_permission(self, request: StaffRequest) -> bool:
        return bool(request.user.has_perm("privacy.users.erase"))

    @admin.action(description="Everything that is held of him", permissions=["report"])
    def personal_data(self, request: StaffRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        return report_answer(
            request, queryset, lambda one: user_report(request.ctx, user_id=one.user_id)
        )

    @admin.action(description="Erase the person", permissions=["erase"])
    def erase(self, request: StaffRequest, queryset: QuerySet[Any]) -> HttpResponse:
        """On a page of its own, for one at a time."""
        chosen = [member.user_id for member in queryset[:2]]
        if len(chosen) == 1:
            return HttpResponseRedirect(f"{reverse('admin:erase_user')}?user={chosen[0]}")
        messages.error(request, "One at a time: choose one, and ask again.")
        return HttpResponseRedirect(reverse("admin:permissions_membership_changelist"))
