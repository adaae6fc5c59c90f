"""Roles of a tenant, what they grant, and who holds them."""

from django.db import models

from core.tenancy.models import TenantForeignKey, TenantModel
from permissions.models.users import User


class Role(TenantModel):
    code = models.SlugField(max_length=40, db_index=False)
    name = models.CharField(max_length=100)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["tenant", "code"], name="permissions_role_code")
        ]

    def __str__(self) -> str:
        return self.name


class Grant(TenantModel):
    """One permission code, `module.page.action`, that a role holds."""

    role = TenantForeignKey(Role, models.CASCADE, related_name="grants")
    code = models.CharField(max_length=100)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "role", "code"], name="permissions_grant_once"
            )
        ]

    def __str__(self) -> str:
        return self.code


class RoleAssignment(TenantModel):
    role = TenantForeignKey(Role, models.CASCADE, related_name="assignments")
    user = models.ForeignKey(User, models.CASCADE, related_name="+", db_index=False)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "user", "role"], name="permissions_assignment_once"
            )
        ]
        indexes = [models.Index(fields=["tenant", "role"], name="permissions_assignment_role")]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.role_id}"
