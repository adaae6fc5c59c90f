"""The staff console's door: which tenant a page is about, and one transaction around it."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import structlog
from django.contrib import messages
from django.core.exceptions import BadRequest, PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from core.api.requests import address_of, reason_of
from core.audit.looks import audit_look
from core.ops.staff_middleware import STAFF_PREFIX
from core.tenancy.context import Context
from core.tenancy.router import write_alias
from core.tenancy.transactions import staff_transaction
from permissions.console.second_factor import door_of, standing_here
from permissions.models import Membership, User
from permissions.policy import caller_codes
from permissions.selectors.sessions import membership_list
from permissions.services.second_factor import Standing

SESSION_KEY = "tenant_id"
READS = frozenset({"GET", "HEAD", "OPTIONS"})
#: They count failed passwords and codes and end sessions, which a rejected page must not undo.
#: Nothing else opens between the password and the second factor.
WITHOUT_TENANT = frozenset(
    f"{STAFF_PREFIX}{page}/"
    for page in (
        "login",
        "logout",
        "second-factor",
        "second-factor/enrol",
        "forgot-password",
        "reset-password",
        "accept-invitation",
    )
)

#: Forms whose service needs several transactions, of more than one company.
OWN_TRANSACTIONS = frozenset({f"{STAFF_PREFIX}erase-user/"})


class StaffTenantMiddleware:
    """Opens the chosen tenant's transaction around each page of the console.

    Reading pages cannot write. A page that ends in an error (a status of 400 or
    more, whatever raised it) is rolled back. Sessions and messages are stored by
    the middlewares outside of this one, in transactions of their own. Pages
    without a tenant run without a transaction and can show no tenant data.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(STAFF_PREFIX):
            return self.get_response(request)
        if any("\x00" in value for _, values in request.GET.lists() for value in values):
            raise BadRequest("PostgreSQL knows no text with NUL.")
        user = request.user
        if not (isinstance(user, User) and user.is_staff and user.is_active):
            return self.get_response(request)
        lacks = standing_here(request, user)
        if lacks is not Standing.NOTHING:  # at the door, where not even the company is named
            is_door = request.path_info in WITHOUT_TENANT
            return self.get_response(request) if is_door else HttpResponseRedirect(door_of(lacks))
        membership = _enter(request, membership_list(user))
        if request.path_info in WITHOUT_TENANT:
            return self.get_response(request)
        if membership is None:
            return _left_tenant(request) if _forget(request) else self.get_response(request)
        return self._inside(request, user, membership.tenant_id)

    def _inside(self, request: HttpRequest, user: User, tenant_id: UUID) -> HttpResponse:
        ctx = _context(request, tenant_id, user)
        request.ctx = ctx  # type: ignore[attr-defined]
        user.codes = caller_codes(tenant_id, user.pk)
        if request.path_info in OWN_TRANSACTIONS and request.method not in READS:
            return self.get_response(request)
        with staff_transaction(ctx, read_only=request.method in READS):
            response = _whole(self.get_response(request))
            if response.status_code >= 400:
                transaction.set_rollback(True, using=write_alias())
        looked_at = getattr(request, "looked_at", None)
        if looked_at is not None and response.status_code < 400:
            audit_look(ctx, looked_at=looked_at)  # a page that reads cannot write it itself
        return response


@require_POST
def switch_tenant(request: HttpRequest) -> HttpResponse:
    """Work on another of the user's companies from now on; of no other company."""
    chosen = request.POST.get("tenant", "")
    mine = {str(membership.tenant_id) for membership in memberships_of(request)}
    if chosen not in mine:
        raise PermissionDenied
    request.session[SESSION_KEY] = chosen
    return HttpResponseRedirect(reverse("admin:index"))


def membership_of(request: HttpRequest) -> Membership | None:
    """The membership that this page of the console is opened with; None outside of it."""
    return getattr(request, "membership", None)


def memberships_of(request: HttpRequest) -> list[Membership]:
    """The companies that the person may switch to."""
    return getattr(request, "memberships", [])


def _enter(request: HttpRequest, memberships: list[Membership]) -> Membership | None:
    """The session's tenant while the user is a member of it; his first if none was chosen yet.

    The first is written down at once: a company that he joins later must not
    slip in front of it while he works.
    """
    chosen = request.session.get(SESSION_KEY)
    if chosen is None and memberships:
        chosen = request.session[SESSION_KEY] = str(memberships[0].tenant_id)
    membership = next((m for m in memberships if str(m.tenant_id) == chosen), None)
    extra: Any = request
    extra.memberships, extra.membership = memberships, membership
    return membership


def _forget(request: HttpRequest) -> bool:
    """Drop a choice that no longer holds; whether there was one."""
    return request.session.pop(SESSION_KEY, None) is not None


def _left_tenant(request: HttpRequest) -> HttpResponse:
    """Never carry out in another company what was meant for the one that was left."""
    messages.warning(request, "You are no longer a member of the company you worked on.")
    return HttpResponseRedirect(reverse("admin:index"))


def _whole(response: HttpResponse) -> HttpResponse:
    """A streamed answer is read here: outside of the transaction it would find nothing."""
    if not response.streaming:
        return response
    content = b"".join(response)
    return HttpResponse(content, status=response.status_code, headers=response.headers)


def _context(request: HttpRequest, tenant_id: UUID, user: User) -> Context:
    structlog.contextvars.bind_contextvars(tenant_id=str(tenant_id), actor_id=str(user.pk))
    request_id: str = request.request_id  # type: ignore[attr-defined]
    return Context(
        tenant_id,
        user.pk,
        datetime.now(UTC),
        request_id,
        address=address_of(request),
        reason=reason_of(request),
    )
