"""Who belongs to a company. Membership is a global table: filtered explicitly."""

from typing import Any
from uuid import UUID

from django.contrib.postgres.aggregates import StringAgg
from django.db.models import OuterRef, QuerySet, Subquery, Value

from permissions.models import Membership, RoleAssignment


def members_of(tenant_id: UUID) -> QuerySet[Membership, Any]:
    """The tenant's memberships with `roles`, their names in one text. Part of a query."""
    roles = (
        RoleAssignment.objects.filter(user=OuterRef("user"))
        .order_by()
        .values("user")
        .annotate(names=StringAgg("role__name", Value(", "), order_by="role__name"))
    )
    return (
        Membership.objects.filter(tenant=tenant_id)
        .select_related("user")
        .annotate(roles=Subquery(roles.values("names")))
    )
