"""Filters of the lists and parameters of the reports."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django_filters import CharFilter, FilterSet, UUIDFilter

from core.api.filters import TruthFilter
from permissions.selectors.members import holders_of


class PersonFilter(FilterSet):
    email = CharFilter(field_name="user__email", lookup_expr="istartswith", max_length=254)
    #: As it is shown: of somebody who was invited and has not accepted there is none.
    name = CharFilter(field_name="name", lookup_expr="istartswith", max_length=200)


class MembershipFilter(PersonFilter):
    user_id = UUIDFilter(field_name="user")
    role_id = UUIDFilter(method="by_role")
    is_active = TruthFilter(field_name="is_active")
    is_super_admin = TruthFilter(field_name="is_super_admin")

    def by_role(self, queryset: QuerySet[Any], name: str, value: UUID) -> QuerySet[Any]:
        return queryset.filter(user__in=holders_of(value))


class RoleFilter(FilterSet):
    code = CharFilter(field_name="code", max_length=40)
    is_active = TruthFilter(field_name="is_active")


class GrantFilter(FilterSet):
    role_id = UUIDFilter(field_name="role")
    code = CharFilter(field_name="code", max_length=100)
    user_id = UUIDFilter(field_name="role__assignments__user", label="Of the roles that he holds.")


class ExplainFilter(FilterSet):
    """Not a filter of rows: what is asked."""

    code = CharFilter(required=True, max_length=100, label="`module.page.action`.")
    user = UUIDFilter(label="Whose permission; the caller's by default.")


class DutyFilter(FilterSet):
    user_id = UUIDFilter(label="Of one member only.")


class KeepCurrent(FilterSet):
    """Not a filter of rows: what a logout leaves alone."""

    keep_current = TruthFilter(label="`true`: the login that asks lives on.")
