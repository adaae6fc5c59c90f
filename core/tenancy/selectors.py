"""Reads of the global list of tenants."""

from uuid import UUID

from core.tenancy.models import Tenant


def tenant_ids() -> list[UUID]:
    """Every tenant, active or not, oldest first; for housekeeping that visits all of them."""
    return list(Tenant.objects.order_by("id").values_list("id", flat=True))
