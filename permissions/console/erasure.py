"""The page that erases a user. Several transactions, so it runs outside of the page's own."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from core.errors import DomainError, NotFound
from core.privacy.console import erase_page, ground_of
from permissions.selectors.members import person_get
from permissions.services.erasure import user_erase


@require_http_methods(["GET", "POST"])
def erase_user(request: Any) -> HttpResponse:
    """`?user=` says whom. The staff middleware opens no transaction around the form's way back."""
    if not request.user.has_perm("privacy.users.erase"):
        raise PermissionDenied
    try:
        user_id = UUID(request.GET.get("user", ""))
        person = person_get(request.ctx, user_id=user_id)
    except (ValueError, NotFound):
        raise Http404 from None
    ground = ground_of(request) if request.method == "POST" else None
    if ground is None:
        return erase_page(request, [person["email"]])
    if request.POST.get("_tenant") != str(request.ctx.tenant_id):
        raise PermissionDenied("Nobody was erased: this form was opened for another company.")
    try:
        user = user_erase(request.ctx, user_id=user_id, ground=ground)
        messages.success(request, f"{user.name} is what is left.")
    except DomainError as refusal:
        messages.error(request, f"{person['email']} was left as he is: {refusal.message}")
    return HttpResponseRedirect(reverse("admin:permissions_membership_changelist"))
