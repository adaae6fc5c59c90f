"""Reads of the global list of tenants."""

from uuid import UUID

from core.tenancy.context import PLATFORM
from core.tenancy.models import Tenant


def tenant_ids() -> list[UUID]:
    """Every tenant, active or not, oldest first; for housekeeping that visits all of them."""
    return list(Tenant.objects.order_by("id").values_list("id", flat=True))


def scope_ids() -> list[UUID]:
    """The same, and the platform, for which changes of global tables are recorded."""
    return [*tenant_ids(), PLATFORM]


def tenant_by_slug(*, slug: str) -> Tenant | None:
    """The active tenant with this short name."""
    return Tenant.objects.filter(slug=slug, is_active=True).first()
