"""Roles of a tenant, what they grant, and who holds them."""

from django.db import models

from core.audit.declared import Audited
from core.tenancy.models import TenantForeignKey, TenantModel
from permissions.models.users import User


class Permission(models.Model):
    """A permission code as declared by an app, `module.page.action`. Global: a copy of the code.

    A new one reaches the roles of all tenants once, when it is written here.
    """

    code = models.CharField(max_length=100, primary_key=True)
    module = models.CharField(max_length=40)
    page = models.CharField(max_length=40)
    action = models.CharField(max_length=40)
    is_platform = models.BooleanField(
        default=False, help_text="Held by the platform's admins only, whatever a role grants."
    )

    class Meta:
        ordering = ["code"]

    def __str__(self) -> str:
        return self.code


class Role(TenantModel):
    """`code` of a template's role (owner, accountant, viewer) is what keeps it up to date."""

    code = models.SlugField(max_length=40, db_index=False)
    name = models.CharField(max_length=100)
    description = models.CharField(max_length=500, blank=True)
    is_active = models.BooleanField(default=True)
    version = models.BigIntegerField(default=1)

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

    audited = Audited(under="role_id")

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


class ModuleAssignment(TenantModel):
    """The platform lets a super admin of the tenant have a module, with every page of it."""

    user = models.ForeignKey(User, models.CASCADE, related_name="+", db_index=False)
    module = models.CharField(max_length=40)
    assigned_at = models.DateTimeField()
    assigned_by = models.ForeignKey(
        User, models.SET_NULL, null=True, related_name="+", db_index=False
    )

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "user", "module"], name="permissions_module_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.module}"
