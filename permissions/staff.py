"""The staff console's door: which tenant a page is about, and one transaction around it."""

from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

import structlog
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from core.ops.staff_middleware import STAFF_PREFIX
from core.tenancy.context import Context
from core.tenancy.transactions import staff_transaction
from permissions.models import Membership, User
from permissions.selectors.sessions import codes_held, membership_list

SESSION_KEY = "tenant_id"


class StaffTenantMiddleware:
    """Opens the chosen tenant's transaction around each page of the console.

    A rejected page rolls back with it. Pages without a tenant (login) run
    without one and can therefore show no tenant data.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(STAFF_PREFIX):
            return self.get_response(request)
        user = request.user
        if not (isinstance(user, User) and user.is_staff and user.is_active):
            return self.get_response(request)
        memberships = membership_list(user)
        membership = _chosen(request, memberships)
        request.memberships = memberships  # type: ignore[attr-defined]
        request.membership = membership  # type: ignore[attr-defined]
        if membership is None:
            return self.get_response(request)
        ctx = _context(request, membership.tenant_id, user)
        request.ctx = ctx  # type: ignore[attr-defined]
        with staff_transaction(ctx, read_only=False):
            user.codes = codes_held(ctx)
            response = self.get_response(request)
            if hasattr(response, "render") and not getattr(response, "is_rendered", True):
                response = response.render()
            return response


def switch_tenant(request: HttpRequest) -> HttpResponse:
    """POST: work on another of the user's companies from now on."""
    chosen = request.POST.get("tenant", "")
    if request.method == "POST":
        for membership in getattr(request, "memberships", []):
            if str(membership.tenant_id) == chosen:
                request.session[SESSION_KEY] = chosen
    return HttpResponseRedirect(reverse("admin:index"))


def _chosen(request: HttpRequest, memberships: list[Membership]) -> Membership | None:
    """The session's tenant while the user is still a member of it, else his first."""
    chosen = request.session.get(SESSION_KEY)
    for membership in memberships:
        if str(membership.tenant_id) == chosen:
            return membership
    return memberships[0] if memberships else None


def _context(request: HttpRequest, tenant_id: UUID, user: User) -> Context:
    structlog.contextvars.bind_contextvars(tenant_id=str(tenant_id), actor_id=str(user.pk))
    request_id: str = request.request_id  # type: ignore[attr-defined]
    return Context(tenant_id, user.pk, datetime.now(UTC), request_id)
