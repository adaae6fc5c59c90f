"""What staff may do to the cache by hand."""

from django.conf import settings

from core.cache import runtime
from core.cache.policy import Policy
from core.errors import Conflict, NotFound, require
from core.tenancy.context import Context
from core.tenancy.transactions import command


@command
def namespace_drop(ctx: Context, *, name: str) -> None:
    """Forget what one namespace remembers of the context's tenant."""
    policy: Policy | None = settings.CACHE_NAMESPACES.get(name)
    if policy is None:
        raise NotFound(f"There is no cache namespace {name}.")
    require(
        not policy.is_security,
        Conflict("What is remembered of callers is dropped by what changes them, never by hand."),
    )
    runtime.runtime().bump([(name, str(ctx.tenant_id))])
