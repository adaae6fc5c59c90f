"""The two foreign keys of a tenant table, and the scoped manager."""

from typing import Any

from django.db import models

from core.tenancy.scope import CurrentTenant, current_tenant_id


class TenantField(models.ForeignKey):
    """`tenant_id` of a tenant table. The database backend recognises tenant tables by it."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.update(
            to="tenancy.Tenant", on_delete=models.PROTECT, related_name="+", editable=False
        )
        kwargs.setdefault("default", current_tenant_id)
        kwargs["db_index"] = False
        super().__init__(**kwargs)

    def deconstruct(self) -> tuple[str, str, list[Any], dict[str, Any]]:
        name, path, args, kwargs = super().deconstruct()
        for implied in ("to", "on_delete", "related_name", "editable", "db_index"):
            kwargs.pop(implied, None)
        return name, path, list(args), kwargs


class TenantForeignKey(models.ForeignKey):
    """A reference to a row of the same tenant, joined and constrained on both columns."""

    def __init__(self, to: Any, on_delete: Any, **kwargs: Any) -> None:
        kwargs["db_index"] = False
        super().__init__(to, on_delete, **kwargs)

    def deconstruct(self) -> tuple[str, str, list[Any], dict[str, Any]]:
        name, path, args, kwargs = super().deconstruct()
        kwargs.pop("db_index", None)
        return name, path, list(args), kwargs

    def get_joining_fields(self, reverse_join: bool = False) -> tuple[Any, ...]:
        ours = self.model._meta.get_field("tenant")
        theirs = self.remote_field.model._meta.get_field("tenant")
        pair = (theirs, ours) if reverse_join else (ours, theirs)
        return (pair, *super().get_joining_fields(reverse_join))


class TenantQuerySet(models.QuerySet[Any]):
    """Base of the querysets of tenant models: their filters, in the domain's words."""


class TenantManager(models.Manager.from_queryset(TenantQuerySet)):  # type: ignore[misc]
    """Only rows of the transaction's tenant; raises when run outside of one."""

    def get_queryset(self) -> models.QuerySet[Any]:
        return super().get_queryset().filter(tenant=CurrentTenant())


def is_tenant_model(model: type[models.Model]) -> bool:
    """Whether rows of `model` belong to a tenant; true for migration states as well."""
    return any(isinstance(field, TenantField) for field in model._meta.local_fields)
