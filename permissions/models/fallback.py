"""What the cache of permissions falls back to while Redis is away."""

from django.db import models

from core.audit.declared import Unaudited
from core.tenancy.models import TenantModel


class PermissionStamp(TenantModel):
    """One row a tenant: triggers raise it with every change of roles, grants and assignments.

    What was computed under an older stamp is not true any more.
    """

    stamp = models.BigIntegerField(default=0)

    audited = Unaudited("A counter; what raised it is recorded.")

    class Meta(TenantModel.Meta):
        constraints = [models.UniqueConstraint(fields=["tenant"], name="permissions_stamp_one")]

    def __str__(self) -> str:
        return str(self.stamp)


class CachedPermission(TenantModel):
    """Read and written by the SQL functions in `sql/permission_cache.sql` only."""

    cache_key = models.CharField(max_length=200)
    cache_value = models.JSONField()
    stamp = models.BigIntegerField()
    expires_at = models.DateTimeField()

    audited = Unaudited("A copy of roles and grants, which are recorded.")

    class Meta(TenantModel.Meta):
        db_table = "permission_cache"
        constraints = [
            models.UniqueConstraint(fields=["tenant", "cache_key"], name="permission_cache_key")
        ]
        indexes = [models.Index(fields=["tenant", "expires_at"], name="permission_cache_expiry")]

    def __str__(self) -> str:
        return self.cache_key
