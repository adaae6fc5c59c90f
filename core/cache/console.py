"""The staff console's page of the cache: what each namespace does, and a button to drop it."""

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from core.cache.counters import Count
from core.cache.selectors import NamespaceState, cache_state
from core.cache.services import namespace_drop
from core.errors import DomainError
from core.tenancy.admin import StaffRequest, Values

VIEW, DROP = "system.cache.view", "system.cache.drop"


@require_http_methods(["GET", "POST"])
def cache_page(request: StaffRequest) -> HttpResponse:
    if not request.user.has_perm(VIEW):
        raise PermissionDenied("Only the platform's admins look at the cache.")
    if request.method == "POST":
        return _drop(request)
    state = cache_state()
    context = admin.site.each_context(request) | {
        "title": "Cache",
        "state": state,
        "rows": [_row(namespace) for namespace in state.namespaces],
        "may_drop": request.user.has_perm(DROP),
    }
    return render(request, "admin/cache.html", context)


def _drop(request: StaffRequest) -> HttpResponse:
    if not request.user.has_perm(DROP):
        raise PermissionDenied("Only the platform's admins drop what is cached.")
    name = request.POST.get("namespace", "")
    try:
        namespace_drop(request.ctx, name=name)
    except DomainError as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, f"Dropped what was cached of {name} for this company.")
    return HttpResponseRedirect(reverse("admin:cache"))


def _row(namespace: NamespaceState) -> Values:
    counts = {count.name.lower(): value for count, value in namespace.counts.items()}
    return counts | {
        "name": namespace.name,
        "policy": namespace.policy,
        "kept": _kept(namespace),
        "asked": namespace.asked,
        "process_share": round(namespace.share(Count.PROCESS_HITS), 1),
        "redis_share": round(namespace.share(Count.REDIS_HITS), 1),
        "miss_share": round(namespace.share(Count.MISSES), 1),
    }


def _kept(namespace: NamespaceState) -> str:
    policy = namespace.policy
    minutes, seconds = divmod(policy.ttl_seconds, 60)
    kept = f"{seconds} s" if not minutes else f"{minutes} min"
    return (
        f"{kept}, asked again after {policy.rechecked_seconds:g} s" if policy.is_security else kept
    )
