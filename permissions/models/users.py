"""User and Membership: global, because they say who may enter which tenant."""

from typing import Any

from django.contrib.auth import get_backends
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models.functions import Lower

from core.audit.declared import Audited
from core.ids import uuid7
from core.tenancy.models import Tenant


class UserManager(BaseUserManager["User"]):
    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=(username or "").strip().lower())


class User(AbstractBaseUser):
    """A person, known by e-mail (lower case), who may be a member of several tenants."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    email = models.EmailField(unique=True, max_length=254)
    name = models.CharField(max_length=200, blank=True)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False, help_text="May open the staff console.")
    is_platform_admin = models.BooleanField(
        default=False, help_text="May assign modules to the super admins of companies."
    )
    created_at = models.DateTimeField(auto_now_add=True)
    erased_at = models.DateTimeField(null=True, editable=False)

    audited = Audited(masked=("password",), ignored=("last_login",), personal=("name", "email"))
    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"

    #: Permission codes in the tenant that this user is bound to, by the staff middleware or
    #: `caller_get`. Unbound, he holds none.
    codes: frozenset[str] = frozenset()

    class Meta:
        ordering = ["email"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(email=Lower("email")), name="permissions_user_email_lower"
            )
        ]

    def __str__(self) -> str:
        return self.email

    def get_full_name(self) -> str:
        return self.name

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        """As the backends of Django's authentication say; ours is the one policy."""
        asked = [backend for backend in get_backends() if hasattr(backend, "has_perm")]
        return self.is_active and any(backend.has_perm(self, perm, obj) for backend in asked)

    def has_module_perms(self, app_label: str) -> bool:
        asked = [backend for backend in get_backends() if hasattr(backend, "has_module_perms")]
        return self.is_active and any(one.has_module_perms(self, app_label) for one in asked)


class Membership(models.Model):
    """A user's entry to one tenant. What he may do there is said by his roles.

    Invited: `joined_at` is empty and he is not active yet. A super admin also holds
    every page of the modules that the platform assigned to him.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="memberships")
    is_active = models.BooleanField(default=True)
    is_super_admin = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    joined_at = models.DateTimeField(null=True)
    version = models.BigIntegerField(default=1)

    audited = Audited()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "user"], name="permissions_membership_once")
        ]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.tenant_id}"
