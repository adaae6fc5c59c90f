from typing import Any

from django.db.backends.postgresql import features

from core.tenancy.fields import is_tenant_model


class DatabaseFeatures(features.DatabaseFeatures):
    def allows_group_by_selected_pks_on_model(self, model: Any) -> bool:
        """Not by `id` alone where the database's key is `(tenant_id, id)`."""
        allowed: bool = super().allows_group_by_selected_pks_on_model(model)
        return allowed and not is_tenant_model(model)
