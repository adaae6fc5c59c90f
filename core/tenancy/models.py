"""Tenant, and the base of every model that belongs to one."""

from django.core.validators import RegexValidator
from django.db import models

from core.audit.declared import Audited
from core.ids import uuid7
from core.tenancy.fields import TenantField, TenantForeignKey, TenantManager

__all__ = ["Tenant", "TenantForeignKey", "TenantModel"]


class Tenant(models.Model):
    """A company that uses the system. Global: it says who may enter."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    slug = models.CharField(
        max_length=40,
        unique=True,
        validators=[RegexValidator(r"^[a-z][a-z0-9-]{1,39}$", "Lower case, digits and hyphens.")],
    )
    name = models.CharField(max_length=200)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    audited = Audited()

    class Meta:
        ordering = ["slug"]

    def __str__(self) -> str:
        return self.name


class TenantModel(models.Model):
    """A row of one tenant. In the database its key is `(tenant_id, id)`."""

    tenant = TenantField()
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)

    objects = TenantManager()

    class Meta:
        abstract = True
        base_manager_name = "objects"
        default_manager_name = "objects"
